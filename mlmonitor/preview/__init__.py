"""The generated dashboards in a browser, from nothing but the address of a Prometheus."""
