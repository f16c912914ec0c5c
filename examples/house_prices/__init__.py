"""A house-price model: trained, served, monitored, and shown drifting."""
