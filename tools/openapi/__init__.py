"""Makes the OpenAPI 3.1 description of JSON over HTTP from the contract and its comments."""
