"""Holds connections and the lock of the writer, and notifies other processes of commits."""
