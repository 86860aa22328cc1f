"""What can be asked of the ledger, each answer read in one consistent moment."""
