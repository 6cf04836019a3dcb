"""Rules for the network: names, certificates, proxies, registries, servers that do not answer."""

from __future__ import annotations

from envkit.checks.log.rule import Rank, rule

NETWORK_RULES = (
    rule(
        "registry-rate-limit",
        "network",
        r"toomanyrequests|You have reached your (?:unauthenticated )?pull rate limit|pull rate limit"
        r"|429 Too Many Requests|Rate exceeded|HTTP Error 429|Status code:? 429|status code 429",
        "the registry's or server's rate limit is reached",
        "docker login raises it; or wait, pull from a mirror, or keep images on this host; with envkit set base: "
        "debian",
    ),
    rule(
        "network/proxy-login",
        "network",
        r"407 Proxy Authentication Required|Proxy Authentication Required|407 authenticationrequired|Tunnel connection "
        r"failed: 407|response 407 from proxy|HTTP code 407 from proxy|Received HTTP code 407",
        "the proxy requires a login",
        "put the login into the proxy's address, http://USER:PASSWORD@PROXY:PORT: in https_proxy for programs, in "
        "/etc/systemd/system/docker.service.d/http-proxy.conf for the engine; with envkit set build.proxy",
    ),
    rule(
        "network/proxy",
        "network",
        r"proxyconnect tcp|Cannot connect to proxy|Could not resolve proxy|ProxyError|Tunnel connection failed: "
        r"[0-9]{3}"
        r"|Failed to connect to proxy|Unable to connect to proxy|Unsupported proxy|(?:Invalid|invalid) proxy (?:URL"
        r"|address)"
        r"|Could not (?:connect|resolve) .{0,40}proxy|SOCKS (?:server|proxy) .{0,40}fail|proxy URL had no scheme"
        r"|Proxy CONNECT aborted|Failed to parse: http://.{0,80}proxy",
        "the configured proxy does not answer, refuses the connection, or its address is wrong",
        "env | grep -i proxy and docker info | grep -i proxy show it: correct it there, in ~/.docker/config.json and "
        "in "
        "/etc/systemd/system/docker.service.d; unset it if none is needed",
    ),
    rule(
        "network/certificate",
        "network",
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|x509: certificate|invalid peer certificate|UnknownIssuer"
        r"|SSL certificate problem|self[- ]signed certificate|unable to get local issuer certificate"
        r"|Certificate verification failed|certificate verification failed|server certificate verification failed"
        r"|The certificate is NOT trusted|SSLCertVerificationError|tls: failed to verify certificate"
        r"|There was a problem confirming the ssl certificate|PKIX path building failed",
        "the certificate of a server is not trusted: a proxy or a company's CA signs it, it has expired, or CA "
        "certificates "
        "are missing",
        "install the CA: /usr/local/share/ca-certificates and update-ca-certificates; for pip PIP_CERT, for Python "
        "SSL_CERT_FILE, for a registry /etc/docker/certs.d/REGISTRY/ca.crt; with envkit set build.ca; check date",
    ),
    rule(
        "network/registry-http",
        "network",
        r"server gave HTTP response to HTTPS client|http: server gave HTTP response|first record does not look like "
        r"a TLS "
        r"handshake|wrong version number|WRONG_VERSION_NUMBER|SSL routines.{0,40}wrong version|tls: handshake failure"
        r"|SSLV3_ALERT_HANDSHAKE_FAILURE|unsupported protocol|tlsv1 alert protocol version|EOF occurred in violation "
        r"of "
        r"protocol",
        "the server does not speak TLS on this port, or a proxy answers in its place, or both sides have no TLS "
        "version in "
        "common",
        "use the server's scheme and port; https_proxy usually begins with http://; for a registry without TLS set "
        '"insecure-registries" in /etc/docker/daemon.json',
    ),
    rule(
        "name-resolution-failed",
        "network",
        r"Temporary failure (?:in name resolution|resolving)|Could not resolve(?: host)?|dns error|Name or service "
        r"not known"
        r"|no such host|Name does not resolve|getaddrinfo (?:failed|ENOTFOUND|EAI_AGAIN)|nodename nor servname provided"
        r"|server misbehaving|lookup \S+ on \S+: |No address associated with hostname|NameResolutionError"
        r"|Failed to resolve|Unknown host|unable to resolve host address|failed to lookup address information",
        "a host name cannot be resolved: there is no network, or DNS does not work here or in the container",
        'getent hosts NAME on the host; if that works: docker run --rm busybox nslookup NAME; set "dns" in '
        "/etc/docker/daemon.json, or a proxy if names resolve only there",
    ),
    rule(
        "registry-access-denied",
        "network",
        r"v2/\S*: denied: denied|installation not allowed to|[Ee]rror (?:saving|storing) credentials|pull access "
        r"denied|repository does not exist or may require 'docker login'|unauthorized: authentication "
        r"required"
        r"|unauthorized: incorrect username or password|no basic auth credentials|denied: requested access to the "
        r"resource"
        r"|insufficient_scope: authorization failed|authorization status: 40[13]|denied: Permission .{0,60}denied"
        r"|failed to fetch (?:anonymous|oauth) token|unauthorized: (?:access|not authorized|The client)|401 "
        r"Unauthorized"
        r".{0,80}/v2/|error getting credentials|docker-credential-\S+\": executable file not found",
        "the registry denies access: the image is private, its name is wrong, or the login is missing or stale",
        "check the name; docker logout REGISTRY && docker login REGISTRY; for a missing docker-credential program "
        "remove "
        "credsStore from ~/.docker/config.json",
    ),
    rule(
        "image-not-in-registry",
        "network",
        r"manifest unknown|manifest for \S+ not found|not found: manifest|: tag \S+ not found|name unknown: "
        r"|failed to resolve source metadata for .{0,200}not found|docker\.io/\S+: not found|Unable to find image "
        r".{0,200}404"
        r"|no match for platform in manifest",
        "the registry has no image with this name and tag for this platform",
        "check the tag at the registry; some tags were removed, such as nvidia/cuda without a patch version or latest",
    ),
    rule(
        "network/no-internet-in-container",
        "network",
        r"Network is unreachable|network is unreachable|No route to host|no route to host|ENETUNREACH|Network "
        r"unreachable",
        "there is no route to the server: no network, a firewall, or IPv6 without a connection",
        "ip route and curl -4 ADDRESS on the host; if only containers fail: sudo systemctl restart docker, and check "
        "the "
        "firewall and IP forwarding (sysctl net.ipv4.ip_forward)",
    ),
    rule(
        "registry-unreachable",
        "network",
        r"registry-1\.docker\.io.{0,200}(?:timeout|deadline|refused|reset|EOF|canceled)"
        r"|auth\.docker\.io.{0,200}(?:timeout|"
        r"deadline|refused|reset|EOF)|Get \"?https?://\S+/v2/.{0,200}(?:timeout|deadline|refused|reset|EOF|canceled)"
        r"|net/http: request canceled while waiting for connection|TLS handshake timeout|failed to do request: "
        r"(?:Head|Get)",
        "the registry cannot be reached",
        "check the engine's network and proxy (docker info | grep -i proxy): they are not those of your shell; with "
        "envkit "
        "set base: debian, which needs no registry",
    ),
    rule(
        "pull-interrupted",
        "network",
        r"filesystem layer verification failed|error pulling image configuration|download failed after attempts"
        r"|failed to register layer: .{0,80}(?:unexpected EOF|short)|failed to copy: httpReadSeeker|unexpected EOF"
        r"|IncompleteRead\(|Connection broken|Connection reset by peer|connection reset by peer|Remote end closed "
        r"connection without response|RemoteDisconnected|ECONNRESET",
        "a connection broke during a download",
        "repeat the command, which keeps what is complete; if it stays, look at the proxy, the MTU and the firewall",
        Rank.NOTICE,
    ),
    rule(
        "server-unreachable",
        "network",
        r"Cannot find a valid baseurl for repo|ReadTimeoutError|ConnectTimeoutError|Read timed out|[Cc]onnection "
        r"timed out|Connection timeout|i/o timeout"
        r"|Failed to establish a new connection|NewConnectionError|Could not connect to \S+|Unable to connect to \S+:"
        r"|Max retries exceeded with url|URLError|URL fetch failure|context deadline exceeded|Client\.Timeout exceeded"
        r"|Failed to connect to \S+ port|error trying to connect|Operation timed out|Failed to fetch http"
        r"|unable to access 'https?://|50[234] (?:Bad Gateway|Service Unavailable|Gateway Time-?out)",
        "a server could not be reached",
        "curl -v ADDRESS on this machine; check the network, the proxy and the firewall; the server may be down",
    ),
    rule(
        "server-refused",
        "network",
        r"(?:dial tcp|connect(?: to| ECONNREFUSED)?|Errno 111\]|Connecting to) ?\S*.{0,60}[Cc]onnection refused"
        r"|ECONNREFUSED|\[Errno 111\] Connection refused|ConnectionRefusedError",
        "no program listens on the address that was called, or a firewall refuses it",
        "ss -ltn on the other machine shows its ports; inside a container 127.0.0.1 is the container itself: use the "
        "service's name or host.docker.internal",
        Rank.NOTICE,
    ),
)
