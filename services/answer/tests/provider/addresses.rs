//! Which addresses are connected to.

use crate::support::models;
use answer::provider::is_refused;
use std::net::IpAddr;

#[test]
fn addresses_of_metadata_services_are_refused_in_each_form() {
    let refused = [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "febf::1",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "fd00:ec2::254",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
    ];
    for address in refused {
        assert!(is_refused(address.parse::<IpAddr>().unwrap()), "{address}");
    }
    let allowed = [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "fd12::1",
        "1.1.1.1",
        "2606:4700::1",
        "::ffff:10.0.0.1",
    ];
    for address in allowed {
        assert!(!is_refused(address.parse::<IpAddr>().unwrap()), "{address}");
    }
}

#[test]
fn a_base_url_with_such_an_address_stops_the_start() {
    // As URLs write them: decimal, hexadecimal, IPv6.
    for host in ["169.254.169.254", "2852039166", "0xa9fea9fe", "[fe80::1]", "[::ffff:169.254.169.254]"] {
        let text =
            format!("[[models]]\nname = \"m\"\nbase_url = \"http://{host}/v1\"\ncontext_window = 1000\n");
        let error = models(&text).unwrap_err().to_string();
        assert_eq!(error, "MODELS_FILE: line 3: no connection is made to this address", "{host}");
    }
}

#[tokio::test]
async fn a_name_is_resolved_and_its_address_checked() {
    let fake = crate::fake_model::FakeModel::start(vec![crate::fake_model::Reply::stream(&[])]).await;
    let by_name = fake.base_url.replace("127.0.0.1", "localhost");
    let opened = crate::support::model(&by_name).open(crate::support::prompt("hi")).await;
    assert!(opened.is_ok() && fake.requests() == 1);
}
