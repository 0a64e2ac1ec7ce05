import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill import cidr_lf, domain_lf
from labelmill.errors import LFError


class TestNetworks:
    def test_networks_ranges_and_single_addresses(self, votes_of):
        lf = cidr_lf("c", ["10.0.0.0/8", "192.0.2.5", "192.0.2.7 - 192.0.2.9", "2001:db8::/32"], column="text", label=1)
        inside = ["10.0.0.0", "10.255.255.255", "192.0.2.5", "192.0.2.7", "192.0.2.9", "2001:DB8::1", " 10.1.1.1 "]
        outside = ["9.255.255.255", "11.0.0.0", "192.0.2.6", "192.0.2.10", "2001:db9::", "::", "0.0.0.0"]
        assert votes_of(lf, inside) == [1] * len(inside)
        assert votes_of(lf, outside) == [-1] * len(outside)

    def test_what_is_no_address_abstains(self, votes_of):
        lf = cidr_lf("c", ["0.0.0.0/0", "::/0"], column="text", label=1)
        odd = [
            None,
            "",
            "10",
            "10.0.0",
            "10.0.0.256",
            "010.0.0.1",
            "10.0.0.1:25",
            "1.2.3.4.5",
            ":",
            "::g",
            "lab",
            "１.2.3.4",
        ]
        assert votes_of(lf, odd) == [-1] * len(odd)

    def test_ipv4_in_the_clothes_of_ipv6_is_ipv4(self, votes_of):
        assert votes_of(cidr_lf("c", ["10.0.0.0/8"], column="text", label=1), ["::ffff:10.0.0.1", "::10.0.0.1"]) == [
            1,
            -1,
        ]
        assert votes_of(cidr_lf("c", ["::ffff:10.0.0.0/104"], column="text", label=1), ["10.0.0.1", "11.0.0.1"]) == [
            1,
            -1,
        ]
        assert votes_of(cidr_lf("c", ["::/0"], column="text", label=1), ["10.0.0.1", "::1"]) == [-1, 1]

    def test_a_list_of_hops(self, votes_of):
        lf = cidr_lf("c", ["10.0.0.0/8"], column="text", label=1)
        assert votes_of(lf, [["192.0.2.1", "10.0.0.1"], ["192.0.2.1"], [], None]) == [1, -1, -1, -1]

    @given(
        st.lists(st.ip_addresses(v=4, network="10.0.0.0/24"), min_size=1, max_size=8),
        st.lists(st.ip_addresses(v=4, network="10.0.0.0/24") | st.ip_addresses(), min_size=1, max_size=8),
        st.integers(24, 32),
    )
    def test_it_is_what_ipaddress_would_say(self, networks, addresses, length):
        networks = [ipaddress.ip_network((address, length), strict=False) for address in networks]
        lf = cidr_lf("c", [str(network) for network in networks], column="ip", label=0)
        expected = [0 if any(address in network for network in networks) else -1 for address in addresses]
        assert [lf({"ip": str(address)}) for address in addresses] == expected

    def test_overlaps_order_and_holder_do_not_change_the_spec(self, tmp_path):
        (tmp_path / "nets.txt").write_text("# ours\n10.1.0.0/16\n10.0.0.0/8 # all\n")
        (tmp_path / "nets.csv").write_text("owner,net\nann,10.0.0.0/8\n")
        one = cidr_lf("c", tmp_path / "nets.txt", column="ip", label=1)
        other = cidr_lf("c", tmp_path / "nets.csv", column="ip", label=1, key_column="net")
        assert one.spec == other.spec == cidr_lf("c", ["10.0.0.0/8"], column="ip", label=1).spec
        assert one.provenance[0].sha256 != other.provenance[0].sha256

    @pytest.mark.parametrize(
        ("entry", "message"),
        [
            ("10.0.0.1/8", "has host bits set"),
            ("10.", "10.0.0.0/8"),
            ("10.0.0.9-10.0.0.1", "does not come after"),
            ("10.0.0.1-::1", "does not come after"),
            (10, "is no text"),
        ],
    )
    def test_an_entry_that_is_no_range_is_named(self, entry, message):
        with pytest.raises(LFError, match=f"'c': .*{entry}.* is no range .*{message}"):
            cidr_lf("c", [entry], column="ip", label=1)

    def test_no_range_at_all(self):
        with pytest.raises(LFError, match="'c': the table of ranges is empty"):
            cidr_lf("c", [], column="ip", label=1)

    def test_a_mapping_is_not_taken_for_its_keys(self):
        with pytest.raises(LFError, match="'c': the table must be a list, found a mapping"):
            cidr_lf("c", {"10.0.0.0/8": 0}, column="ip", label=1)


class TestDomains:
    def test_urls_addresses_and_hosts(self, votes_of):
        lf = domain_lf("d", ["example.org"], column="text", label=1)
        yes = [
            "example.org", "EXAMPLE.ORG.", "a.b.example.org", "http://example.org", "https://u:p@a.example.org:80/?@z",
            "//example.org/x", "example.org/a@evil.com", "ann@example.org", "mailto:ann@a.example.org",
            "Ann B. <ann@example.org>", "HTTP://Example.ORG\\@evil.com", "ftp://example.org", "example.org:80",
        ]  # fmt: skip
        no = [
            None, "", " ", "notexample.org", "example.org.evil.com", "http://evil.com/example.org", "http://example.org@evil.com",
            "example.org@evil.com", "org", "http://[::1", "ann", "@", "http://", "example..org.",
        ]  # fmt: skip
        assert votes_of(lf, yes) == [1] * len(yes)
        assert votes_of(lf, no) == [-1] * len(no)

    def test_the_longest_wins_and_countries_are_domains(self, votes_of):
        lf = domain_lf("d", {".uk": 0, "co.uk": 1}, column="text")
        assert votes_of(lf, ["a.ac.uk", "http://b.co.uk/", "uk", "co.uk.example"]) == [0, 1, 0, -1]

    def test_punycode_and_letters_are_the_same(self, votes_of):
        lf = domain_lf("d", ["Bücher.example", "xn--strae-oqa.example"], column="text", label=1)
        yes = [
            "http://www.bücher.example/",
            "xn--bcher-kva.example",
            "BÜCHER.example",
            "straße.example",
            "bücher。example",
        ]
        assert votes_of(lf, [*yes, "bucher.example"]) == [*[1] * len(yes), -1]

    def test_lists_of_links(self, votes_of):
        lf = domain_lf("d", {"a.org": 0, "b.org": 1}, column="text")
        assert votes_of(lf, [["http://x.org", "http://b.org", "http://a.org"], [], None]) == [1, -1, -1]

    def test_a_table(self, tmp_path):
        (tmp_path / "shops.csv").write_text("domain,kind\nshop.example,bad\n")
        table = {"key_column": "domain", "label_column": "kind", "classes": {"bad": 1}}
        lf = domain_lf("d", tmp_path / "shops.csv", column="link", **table)
        assert lf({"link": "http://www.shop.example/"}) == 1
        assert len(lf.provenance) == 1

    @pytest.mark.parametrize("entry", ["", "a b", "*.example.org", "http://example.org", "..", 3])
    def test_an_entry_that_is_no_domain_is_refused(self, entry):
        with pytest.raises(LFError, match=r"'d': .* is no domain|'d': domains are texts"):
            domain_lf("d", [entry], column="text", label=1)
