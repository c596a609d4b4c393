"""Maximum-likelihood ROC curves: binormal and contaminated binormal."""
