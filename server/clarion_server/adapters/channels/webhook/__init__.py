"""Implements webhooks: HTTP requests to an endpoint, signed by the Standard Webhooks specification."""
