"""Taking in: one writer, whole batches, and the spool where the store refuses them."""
