"""Makes the OpenAPI 3.1 description of the HTTP door from the contract and its comments."""
