"""What is done now and then: rolling up, deleting what is old, mending, checking, copying."""
