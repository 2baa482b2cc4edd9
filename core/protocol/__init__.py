"""The wire protocol: envelope, versions, bodies, endpoints, dispatch and the OpenAPI document."""
