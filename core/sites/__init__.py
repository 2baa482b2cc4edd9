"""The aiohttp applications: API, web and files, and the process that serves them."""
