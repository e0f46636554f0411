"""Keeps several processes of the service running on one machine, behind the same ports.

It is a process of its own that loads the standard library alone, so that it costs next to nothing, and starts its
children as new programs: gRPC does not survive a fork. What they are to do is in the environment, as for any service.
"""
