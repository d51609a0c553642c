"""Which rules speak about a product, and what follows from them: ordered tables with sources, and pure functions over them.

Every answer is indicative and has to be confirmed with the authority. No answer says that anything is compliant.
"""

from regenqc.regulation.classification import Answer, Classification, classify
from regenqc.regulation.description import ProductDescription
from regenqc.regulation.obligations import Obligations, list_obligations

__all__ = ["Answer", "Classification", "Obligations", "ProductDescription", "classify", "list_obligations"]
