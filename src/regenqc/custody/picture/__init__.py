"""Pictures of a trace: the lineage graph and the custody timeline, as SVG that stands alone."""

from regenqc.custody.picture.lineage import lineage_picture
from regenqc.custody.picture.timeline import timeline_picture

__all__ = ["lineage_picture", "timeline_picture"]
