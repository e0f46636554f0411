"""Makes the tokens of personal links: their keys, their layout, and their sealing by AES-SIV."""
