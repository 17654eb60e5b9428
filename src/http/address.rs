//! Where a request comes from: the peer, or, behind a proxy that is trusted, whom the proxy names.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The address of the client. Each proxy adds its peer at the right: the first from there that is no proxy of ours is it.
#[must_use]
pub fn client(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4([0, 0, 0, 0].into()), |peer| peer.ip().to_canonical());
    let headers = request.headers().get_all("X-Forwarded-For").filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = headers.flat_map(|value| value.split(',')).map(str::trim).collect();
    behind(peer, &named, trusted)
}

fn behind(peer: IpAddr, named: &[&str], trusted: &[IpNet]) -> IpAddr {
    let mut address = peer;
    for text in named.iter().rev() {
        if !trusted.iter().any(|net| net.contains(&address)) {
            break;
        }
        let Some(next) = read(text) else { break };
        address = next;
    }
    address
}

/// With or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_names_the_client() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let from = |peer: &str, named: &[&str]| behind(peer.parse().unwrap(), named, &trusted).to_string();
        assert_eq!(from("192.0.2.1", &["198.51.100.7"]), "192.0.2.1", "not from anybody");
        assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(from("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(from("10.0.0.1", &["203.0.113.9", "198.51.100.7", "10.9.9.9"]), "198.51.100.7", "not what it says");
        assert_eq!(from("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(from("10.0.0.1", &["198.51.100.7:443"]), "198.51.100.7");
        assert_eq!(from("2001:db8::1", &["[2001:dead::2]:80"]), "2001:dead::2");
    }
}
