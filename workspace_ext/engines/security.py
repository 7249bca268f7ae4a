"""What a client shows to a cluster that others can reach."""

from __future__ import annotations

from typing import Any

from distributed.security import Security


class ClusterSecurity(Security):  # type: ignore[misc]
    """The certificate and key (PEM) of one cluster, which trusts nobody without, and its name behind a gateway."""

    def __init__(self, certificate: str, key: str, cluster: str = "") -> None:
        super().__init__(
            tls_ca_file=certificate, tls_client_cert=certificate, tls_client_key=key, require_encryption=True
        )
        self._cluster = cluster

    def get_connection_args(self, role: str) -> dict[str, Any]:
        """As Dask's, with the name by which a gateway's proxy knows the cluster."""
        told = dict(super().get_connection_args(role))
        return {**told, "server_hostname": f"daskgateway-{self._cluster}"} if self._cluster else told
