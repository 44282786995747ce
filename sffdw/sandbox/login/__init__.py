"""Ways to log in that need more than one request or another form: web server, device and SOAP flows."""
