"""Exchange with others in EPCIS 2.0 and CBV 2.0."""

from regenqc.custody.epcis.checks import document_faults
from regenqc.custody.epcis.document import EpcisDocument, EpcisEvent, read_document
from regenqc.custody.epcis.event_hash import event_hash_id, pre_hash
from regenqc.custody.epcis.export import Exported, export_document, export_event
from regenqc.custody.epcis.importing import Imported, Recorder, import_events

__all__ = [
    "EpcisDocument",
    "EpcisEvent",
    "Exported",
    "Imported",
    "Recorder",
    "document_faults",
    "event_hash_id",
    "export_document",
    "export_event",
    "import_events",
    "pre_hash",
    "read_document",
]
