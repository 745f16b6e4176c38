//! How often one client may do what only a few have to: present a token that is not ours, or use
//! the way out. Whoever presents good tokens is never slowed down: behind one address may stand the
//! pictures of a whole mail provider.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;

use axum::http::HeaderMap;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Requests with tokens that are not ours: so many at once, and so many a minute on.
const BAD_BURST: NonZeroU32 = NonZeroU32::new(60).unwrap();
const BAD_A_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();

/// Ways out used: mail providers post for all their users from a few addresses.
const WAYS_OUT_BURST: NonZeroU32 = NonZeroU32::new(300).unwrap();
const WAYS_OUT_A_SECOND: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// The counts, by client.
#[derive(Debug)]
pub struct Limits {
    bad: DefaultKeyedRateLimiter<IpAddr>,
    ways_out: DefaultKeyedRateLimiter<IpAddr>,
}

impl Limits {
    /// Nothing counted yet.
    pub fn new() -> Limits {
        let bad = Quota::per_minute(BAD_A_MINUTE).allow_burst(BAD_BURST);
        let ways_out = Quota::per_second(WAYS_OUT_A_SECOND).allow_burst(WAYS_OUT_BURST);
        Limits {
            bad: RateLimiter::keyed(bad),
            ways_out: RateLimiter::keyed(ways_out),
        }
    }

    /// Whether a client may be told once more that its token is not ours.
    pub fn allow_bad(&self, client: IpAddr) -> bool {
        self.bad.check_key(&client).is_ok()
    }

    /// Whether a client may use one more way out.
    pub fn allow_way_out(&self, client: IpAddr) -> bool {
        self.ways_out.check_key(&client).is_ok()
    }

    /// Forgets clients that have all their allowance back.
    pub fn forget(&self) {
        self.bad.retain_recent();
        self.ways_out.retain_recent();
    }
}

/// Who asks: the peer, or what the proxy in front of us says. Only a proxy nearby is believed, and
/// of what it passes on only the last address, which it saw itself. A network of IPv6 (/64) is one
/// client.
pub fn client(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    let forwarded = forwarded.and_then(|value| value.to_str().ok());
    let last = forwarded.and_then(|list| list.rsplit(',').next());
    let ip = match last.and_then(parse).filter(|_| is_nearby(peer)) {
        Some(ip) => ip,
        None => peer,
    };
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => {
            let network = u128::from(ip) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

/// Whether an address is this machine's or one of a private network, which no stranger has.
pub fn is_nearby(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_nearby_says_who_asks() {
        #[track_caller]
        fn check(peer: &str, forwarded: &[&str], expected: &str) {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            let found = client(peer.parse().unwrap(), &headers).to_string();
            assert_eq!(found, expected, "{peer} {forwarded:?}");
        }
        check("203.0.113.9", &["198.51.100.1"], "203.0.113.9");
        check("127.0.0.1", &[], "127.0.0.1");
        check("127.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("10.0.0.2", &["1.1.1.1, 198.51.100.1"], "198.51.100.1");
        check("::1", &["1.1.1.1", "198.51.100.1:443"], "198.51.100.1");
        check("::ffff:127.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("127.0.0.1", &["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::");
        check("127.0.0.1", &["[2001:db8:1:2:3::]:80"], "2001:db8:1:2::");
        check("127.0.0.1", &["unknown"], "127.0.0.1");
        check("127.0.0.1", &["198.51.100.1, "], "127.0.0.1");
        check("2001:db8::5", &["198.51.100.1"], "2001:db8::");
    }

    #[test]
    fn one_client_runs_out_and_another_does_not() {
        let limits = Limits::new();
        let [one, other] = ["198.51.100.1", "198.51.100.2"].map(|ip| ip.parse().unwrap());
        let allowed = (0..500).filter(|_| limits.allow_bad(one)).count();
        assert!((60..70).contains(&allowed), "{allowed}");
        assert!(limits.allow_bad(other));
        assert!(limits.allow_way_out(one), "a way out is counted apart");
        limits.forget();
        assert!(!limits.allow_bad(one), "what is used up is not forgotten");
    }
}
