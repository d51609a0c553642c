"""Certificates: one record, its pages, its seal, and what checks it offline for thirty years.

    from regenqc.certificate.issuing import Issue, issue_all        make records and PDFs from decisions
    from regenqc.certificate.verifying import verify_certificate    check one, pages included
    from regenqc.certificate.rendering import Renderer              PDF, SVG and PNG of a record
    from regenqc.certificate.web import html_page                   the same as a web page
    from regenqc.certificate.content import certificate_schema      what a record looks like

The modules are imported by name, so that checking a certificate does not load what renders one.
"""
