"""Where webhooks may go: URLs, addresses, and the way from one to the other."""

import ipaddress
import socket
import ssl
import threading

import httpcore
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bifocal.errors import InvalidWebhook
from bifocal.settings import Settings
from bifocal_gateway.webhooks.addresses import checked, may_be_reached, resolve
from bifocal_gateway.webhooks.post import post
from bifocal_gateway.webhooks.target import Target, checked_webhook
from receiver import receiver

PLAIN = ssl.create_default_context()

PUBLIC = ["8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "2001:4860:4860::8888", "2606:4700::1111"]
INSIDE = [
    "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "127.0.0.1", "127.255.0.1",
    "198.18.0.1", "::1", "fc00::1", "fd12:3456::1",
]  # fmt: skip
NEVER = [
    "0.0.0.0", "0.1.2.3",  # noqa: S104
    "169.254.169.254", "169.254.0.1", "168.63.129.16", "100.100.100.200", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "3fff::1", "100::1",
    "fd00:ec2::254", "fd20:ce::254",
    # IPv4 addresses in another dress: mapped, compatible, 6to4, Teredo, and of a translator within a network
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::127.0.0.1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "64:ff9b:1::7f00:1", "64:ff9b::a9fe:a9fe",
    "localhost", "", "8.8.8", "0x7f000001",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    assert may_be_reached(address, private=False)
    assert may_be_reached(address, private=True)


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_of_private_networks_are_open_only_where_they_were_allowed(address: str) -> None:
    assert not may_be_reached(address, private=False)
    assert may_be_reached(address, private=True)


@pytest.mark.parametrize("address", NEVER)
def test_other_addresses_are_closed_whatever_is_allowed(address: str) -> None:
    assert not may_be_reached(address, private=False)
    assert not may_be_reached(address, private=True)


@given(st.ip_addresses())
def test_nothing_is_open_that_python_takes_for_special(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    special = (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )
    nat64 = address in ipaddress.ip_network("64:ff9b::/96")
    assert not (may_be_reached(str(address), private=False) and special and not nat64)


@given(st.ip_addresses(v=4), st.booleans())
def test_an_address_behind_nat64_is_judged_as_itself_and_in_any_other_dress_closed(
    address: ipaddress.IPv4Address, private: bool
) -> None:
    number, itself = int(address), may_be_reached(str(address), private=private)

    def dressed(prefix: str, shift: int = 0) -> bool:
        there = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number << shift)
        return may_be_reached(str(there), private=private)

    assert dressed("64:ff9b::") == itself
    assert not dressed("::ffff:0:0")
    assert not dressed("2002::", 80)
    # The lowest ones are ::1 itself, and what begins with 0 never is a compatible one
    assert number == 1 or not dressed("::")


def test_one_closed_address_among_open_ones_closes_the_name() -> None:
    assert checked(["8.8.8.8", "1.1.1.1"], private=False) == ["8.8.8.8", "1.1.1.1"]
    for addresses in (["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"], []):
        with pytest.raises(InvalidWebhook, match="may not go to"):
            checked(addresses, private=False)


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "localhost"])
def test_other_ways_to_write_this_machine_are_seen_through(host: str) -> None:
    with pytest.raises(InvalidWebhook):
        checked(resolve(host, 443), private=False)


def test_a_url_is_read_into_what_is_connected_to() -> None:
    target = Target.of("https://Bücher.example:8443/a%20b/ü?token=x&y#part", private=False)
    assert (target.scheme, target.host, target.port) == ("https", "xn--bcher-kva.example", 8443)
    assert target.authority == "xn--bcher-kva.example:8443"
    assert target.path == b"/a%20b/%C3%BC?token=x&y"
    literal = Target.of("https://[2606:4700::1111]/", private=False)
    assert (literal.host, literal.port, literal.authority) == ("2606:4700::1111", 443, "[2606:4700::1111]")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/",
        "example.org",
        "/hook", "https://", "https:///hook", "https://user@example.org/", "https://u:p@example.org/",
        "https://example.org:25/", "https://example.org:6379/", "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/\r\nX: y", "https://[::1", "https://127.0.0.1\\@example.org/", "https://a..b/",
    ],
)  # fmt: skip
def test_urls_that_nothing_is_sent_to_are_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(InvalidWebhook) as refused:
        Target.of(url, private=False)
    assert "example.org" not in refused.value.message


def test_http_goes_where_private_networks_do() -> None:
    assert Target.of("http://10.0.0.1/hook", private=True).port == 80


SECRET = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


def test_a_job_may_ask_for_a_webhook_that_can_be_had() -> None:
    header = {"webhook": {"url": "https://example.org/hook"}}
    assert checked_webhook(header, Settings(webhook_secret=SECRET)) == "https://example.org/hook"
    assert checked_webhook({}, Settings()) is None
    assert checked_webhook({"webhook": None}, Settings()) is None


@pytest.mark.parametrize(
    ("webhook", "says"),
    [
        ({"url": "https://10.0.0.1/hook"}, "only public ones"),
        ({"url": "https://[::ffff:8.8.8.8]/"}, "may not go to"),
        ({"url": "http://example.org/hook"}, "https"),
        ({"url": 7}, "webhook.url"),
        ({"url": ""}, "webhook.url"),
        ({"url": "https://example.org/" + "a" * 3000}, "webhook.url"),
        ({"url": "https://example.org/", "secret": "mine"}, "webhook.secret"),
        ({}, "webhook.url"),
        ("https://example.org/", "webhook"),
    ],
)
def test_a_webhook_that_cannot_be_had_is_refused_at_submission(webhook: object, says: str) -> None:
    with pytest.raises(InvalidWebhook, match=says):
        checked_webhook({"webhook": webhook}, Settings(webhook_secret=SECRET))


@pytest.mark.parametrize("secret", [None, SecretStr("")])
def test_without_a_key_to_sign_with_there_are_no_webhooks(secret: SecretStr | None) -> None:
    with pytest.raises(InvalidWebhook, match="set BIFOCAL_WEBHOOK_SECRET"):
        checked_webhook({"webhook": {"url": "https://example.org/"}}, Settings(webhook_secret=secret))


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    looked_up: list[tuple[str, int]] = []

    def rebinding(host: str, port: int) -> list[str]:
        """Says one thing the first time and another the second."""
        looked_up.append((host, port))
        return ["127.0.0.1"] if len(looked_up) == 1 else ["127.0.0.2"]

    with receiver() as there:
        target = Target.of(f"http://rebinding.invalid:{there.port}/hook", private=True)
        assert post(target, {}, b"{}", private=True, timeout_s=10, resolve=rebinding, tls=PLAIN) == 204
        assert looked_up == [("rebinding.invalid", there.port)]
        assert there.message().headers["host"] == f"rebinding.invalid:{there.port}"


def test_a_name_with_a_private_address_is_not_connected_to() -> None:
    with receiver() as there:
        target = Target.of(f"https://inside.invalid:{there.port}/hook", private=False)
        with pytest.raises(InvalidWebhook):
            post(
                target, {}, b"{}", private=False, timeout_s=10,
                resolve=lambda *_: ["127.0.0.1"], tls=PLAIN,
            )  # fmt: skip
        assert there.messages() == []


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as there, receiver(500) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        target = Target.of(there.url, private=True)
        assert post(target, {}, b"{}", private=True, timeout_s=10, resolve=resolve, tls=PLAIN) == 204


def test_redirects_are_not_followed() -> None:
    with receiver(302) as there:
        target = Target.of(there.url, private=True)
        assert post(target, {}, b"{}", private=True, timeout_s=10, resolve=resolve, tls=PLAIN) == 302
        assert len(there.messages()) == 1


def test_tls_is_of_the_name_and_not_of_the_address() -> None:
    authority = trustme.CA()
    server, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("receiver.example").configure_cert(server)
    authority.configure_trust(trusting)
    asked: list[str | None] = []
    server.sni_callback = lambda _, name, __: asked.append(name)
    with receiver(tls=server) as there:

        def send(host: str, tls: ssl.SSLContext) -> int:
            target = Target.of(f"https://{host}:{there.port}/hook", private=True)
            return post(
                target, {}, b"{}", private=True, timeout_s=10, resolve=lambda *_: ["127.0.0.1"], tls=tls
            )

        assert send("receiver.example", trusting) == 204
        assert asked == ["receiver.example"]
        with pytest.raises(httpcore.ConnectError, match="certificate"):
            send("another.example", trusting)
        with pytest.raises(httpcore.ConnectError, match="certificate"):
            send("receiver.example", PLAIN)


def test_a_receiver_that_answers_without_end_has_until_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
                # A byte well within any timeout of a single read
                while not ended.wait(0.01):
                    try:
                        connection.sendall(b"a")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        target = Target.of(f"http://127.0.0.1:{server.getsockname()[1]}/", private=True)
        with pytest.raises(httpcore.ReadTimeout):
            post(target, {}, b"{}", private=True, timeout_s=0.3, resolve=resolve, tls=PLAIN)
        ended.set()
        thread.join()
