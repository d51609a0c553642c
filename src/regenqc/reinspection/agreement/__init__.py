"""Agreement with the manufacturer's values: of one lot by its uncertainties, of two laboratories over many lots as a trend."""

from regenqc.reinspection.agreement.comparison import Compared, Margin, compare_values
from regenqc.reinspection.agreement.picture import agreement_picture

__all__ = ["Compared", "Margin", "agreement_picture", "compare_values"]
