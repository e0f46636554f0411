"""Runs several processes of the service on one machine, behind the same ports.

The supervisor is a process of its own that loads the standard library alone, so that it takes little memory. It starts
its children as new programs, as gRPC does not survive a fork. They read their settings from the environment, like a
service without a supervisor.
"""
