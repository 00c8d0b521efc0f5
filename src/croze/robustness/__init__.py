"""How robust a trained model is: attacks, and the figures that sum them up."""
