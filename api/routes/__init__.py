"""One router a subject. Routes read the request, call the service and shape the answer; nothing else."""
