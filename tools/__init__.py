"""What the Makefile, the demo and the tests run: build steps, private clusters, sandboxes."""
