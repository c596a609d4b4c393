"""Does AI help some readers, cases or lesions more than others? Levels and tests of interaction."""
