"""HTTP/1.1 towards providers: byte for byte, which no general client gives.

aiohttp, the fastest of them, folds repeated header names and cannot write a header value that is not UTF-8; httpx
re-quotes URLs. ``tests/gateway/test_upstream_wire.py`` states what is demanded, against a raw socket.
"""
