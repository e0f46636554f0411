"""Holds what is started: `clarion serve`, a process of the service, and the commands with a service of their own."""
