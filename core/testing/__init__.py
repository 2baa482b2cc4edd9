"""What tests of the server and of plugins need: conformance suites, servers in processes, checks for leaks."""
