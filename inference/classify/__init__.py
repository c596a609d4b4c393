"""What kind of lesion a lesion is: heads that answer with calibrated probabilities.

They are trained and measured on synthetic lesions only (`appearances`), whose classes differ as
textbooks say that they do on the average: a high figure here says that the path works, nothing
about patients. No reader is shown them.
"""

from inference.classify.questions import QUESTIONS, Question

__all__ = ["QUESTIONS", "Question"]
