"""How long the fault tests run: FAULTS is "short" (unset), "middle" or "long" (`make faults`)."""

import os

FORM = os.environ.get("FAULTS", "short")
