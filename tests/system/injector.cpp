// SPDX-License-Identifier: Apache-2.0
#include "system/injector.h"

namespace ct::test {
namespace {

// In place of the page's server, which forgets all when it ends: one that comes back, sealed, with what it had. Its disk is
// memory, so that rounds are short.
constexpr const char* kLastingVault = R"sh(
install -d -m 0700 /etc/openbao /etc/openbao/tls /run/openbao
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=openbao \
    -addext subjectAltName=DNS:vault,DNS:localhost,IP:127.0.0.1 \
    -keyout /etc/openbao/tls/key.pem -out /etc/openbao/tls/vault-ca.pem 2>&1
cat >/etc/openbao/openbao.hcl <<'END'
storage "raft" {
  path                   = "/run/openbao"
  node_id                = "vault"
  performance_multiplier = 1
}
api_addr     = "https://vault:8200"
cluster_addr = "https://vault:8201"
listener "tcp" {
  address       = "0.0.0.0:8200"
  tls_cert_file = "/etc/openbao/tls/vault-ca.pem"
  tls_key_file  = "/etc/openbao/tls/key.pem"
}
END
cat >/etc/systemd/system/openbao.service <<'END'
[Service]
Type=notify
ExecStart=/usr/local/bin/bao server -config=/etc/openbao/openbao.hcl
END
systemctl daemon-reload
systemctl start openbao
export BAO_ADDR=https://127.0.0.1:8200 BAO_CACERT=/etc/openbao/tls/vault-ca.pem
bao operator init -key-shares=1 -key-threshold=1 -format=json >/etc/openbao/init
jq -j .root_token </etc/openbao/init >/etc/openbao/root-token
jq -c '{key: .unseal_keys_b64[0]}' </etc/openbao/init >/etc/openbao/unseal
bao operator unseal "$(jq -r .key </etc/openbao/unseal)"
until curl -sf --cacert "$BAO_CACERT" "$BAO_ADDR/v1/sys/health" >/dev/null; do :; done
)sh";

// Until it serves.
constexpr const char* kUnseal = R"sh(
systemctl start openbao
vault() { curl -sf --cacert /etc/openbao/tls/vault-ca.pem "$@" >/dev/null; }
until vault -X PUT --data @/etc/openbao/unseal https://127.0.0.1:8200/v1/sys/unseal; do :; done
until vault https://127.0.0.1:8200/v1/sys/health; do :; done
)sh";

constexpr const char* kSmallDisks = R"sh(
mkdir -p /mnt/keep "$1"
cp -a "$1/." /mnt/keep/
mount -t tmpfs -o "size=$2,mode=$(stat -c %a "$1")" small "$1"
chown --reference=/mnt/keep "$1"
cp -a /mnt/keep/. "$1/"
rm -r /mnt/keep
)sh";

constexpr const char* kClock = R"sh(
echo 0 >/run/clock
for daemon in secretd attestd identd bridge; do
    mkdir -p /etc/systemd/system/cloudtaser-$daemon.service.d
    cat >/etc/systemd/system/cloudtaser-$daemon.service.d/clock.conf <<'END'
[Service]
Environment=LD_PRELOAD=/usr/lib/moved_clock.so
END
done
sed -i '1i release_timeout = "6s"' /etc/cloudtaser/secretd.toml
systemctl daemon-reload
systemctl restart 'cloudtaser-*.service'
)sh";

// Until nothing fits any more: that dd fails is the point.
constexpr const char* kFill =
    "dd if=/dev/zero of=\"$1/fill\" bs=64k 2>/dev/null || dd if=/dev/zero of=\"$1/fill\" bs=512 "
    "oflag=append conv=notrunc 2>/dev/null || true\n";

// limit UNIT RESOURCE=BOUND... for its process, as that process's user: root may lack CAP_SYS_RESOURCE in a container.
constexpr const char* kLimit = R"sh(
pid=$(systemctl show -P MainPID "$1")
of() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$pid/status"; }
limit() { setpriv --reuid="$(of Uid)" --regid="$(of Gid)" --clear-groups prlimit --pid "$pid" "$@"; }
)sh";

Status in(const Machine& machine, const std::string& script, const std::vector<std::string>& arguments = {}) {
    std::string set = "set --";
    for (const auto& word : arguments)
        set += " '" + word + "'";
    const auto outcome = machine.enter(set + "\n" + script);
    if (outcome.code == 0) return {};
    return fail(Reason::io_failed,
                "ended with " + std::to_string(outcome.code) + ":\n" + outcome.out + "\nof\n" + script);
}

std::string unit(std::string_view daemon) { return "cloudtaser-" + std::string(daemon) + ".service"; }

}  // namespace

Result<std::unique_ptr<Site>> Injector::make_site() {
    CT_TRY(auto site, Site::make());
    for (auto step : read_guide(CT_SOURCE_DIR "/docs/quickstart.md")) {
        if (step.commands.find("bao server -dev") != std::string::npos) step.commands = kLastingVault;
        auto done = site->follow(step);
        if (!done) done.error().context += site->journals();
        CT_CHECK(done);
    }
    CT_CHECK(in(site->vault(), kSmallDisks, {"/var/lib/cloudtaser-gate", "256m"}));
    CT_CHECK(in(site->vault(), "systemctl restart cloudtaser-gate"));
    CT_CHECK(in(site->node(), kSmallDisks, {"/var/log/journal", "128m"}));
    CT_CHECK(in(site->node(), "systemctl restart systemd-journald; journalctl --flush"));
    CT_CHECK(site->node().copy_in(CT_BINARY_DIR "/tests/system/moved_clock.so", "/usr/lib/moved_clock.so"));
    CT_CHECK(in(site->node(), kClock));
    return site;
}

Machine& Injector::home_of(std::string_view daemon) { return daemon == "gate" ? site_.vault() : site_.node(); }

Status Injector::strike(const Round& round) {
    Machine& node = site_.node();
    Machine& vault = site_.vault();
    const std::string amount = std::to_string(round.amount);
    switch (round.fault) {
        case Fault::kill:
            // systemd starts it anew a second later, or a caller does sooner; nobody calls the gate on a bus.
            return in(home_of(round.daemon),
                      "for i in $(seq \"$2\"); do\n"
                      "  systemctl start \"$1\"; pid=$(systemctl show -P MainPID \"$1\"); kill -KILL \"$pid\"\n"
                      "  while [ \"$(systemctl show -P MainPID \"$1\")\" = \"$pid\" ]; do :; done\n"
                      "done",
                      {unit(round.daemon), amount});
        case Fault::freeze:
            return in(home_of(round.daemon), "systemctl kill --kill-whom=main --signal=STOP \"$1\"",
                      {unit(round.daemon)});
        case Fault::few_descriptors:
            return in(home_of(round.daemon),
                      std::string(kLimit) +
                          "last=$(ls /proc/$pid/fd | sort -n | tail -n 1)\n"
                          "limit --nofile=$((last + 1 + $2)):",
                      {unit(round.daemon), amount});
        case Fault::little_memory:
            return in(home_of(round.daemon), std::string(kLimit) + "limit --as=$(($(of VmSize) * 1024 + $2 * 4096)):",
                      {unit(round.daemon), amount});
        case Fault::stop_gate:
            return in(vault, "systemctl stop cloudtaser-gate");
        case Fault::kill_vault:
            return in(vault, "systemctl kill --signal=KILL openbao");
        case Fault::seal_vault:
            return in(vault,
                      "curl -sS --fail-with-body --cacert /etc/openbao/tls/vault-ca.pem -X PUT "
                      "-H \"X-Vault-Token: $(cat /etc/openbao/root-token)\" https://127.0.0.1:8200/v1/sys/seal");
        case Fault::freeze_vault:
            return in(vault, "systemctl kill --signal=STOP openbao");
        case Fault::slow_cable:
            return in(node, "tc qdisc replace dev cable0 root tbf rate \"$1\"kbit burst 3000 latency 2s", {amount});
        case Fault::cut_cable:
            return in(node, "ip link set cable0 down");
        case Fault::jump_clock:
            return node.write("/run/clock", amount + "\n");
        case Fault::fill_records:
            return in(vault, kFill, {"/var/lib/cloudtaser-gate"});
        case Fault::fill_journal:
            return in(node, kFill, {"/var/log/journal"});
        case Fault::restart_bus:
            return in(node, "systemctl restart dbus");
    }
    return {};
}

Status Injector::heal(const Round& round) {
    Machine& node = site_.node();
    Machine& vault = site_.vault();
    switch (round.fault) {
        case Fault::freeze:
            CT_CHECK(in(home_of(round.daemon), "systemctl kill --kill-whom=main --signal=CONT \"$1\"",
                        {unit(round.daemon)}));
            break;
        case Fault::few_descriptors:
        case Fault::little_memory:
            // Whoever died of it, even now, has its limits from the unit again.
            CT_CHECK(in(home_of(round.daemon),
                        std::string(kLimit) +
                            "most=$(awk '/^Max open files/ { print $5 }' \"/proc/$pid/limits\") &&\n"
                            "limit --as=unlimited: --nofile=\"$most\": || [ ! -e \"/proc/$pid\" ] || [ \"$pid\" = 0 ]",
                        {unit(round.daemon)}));
            break;
        case Fault::freeze_vault:
            CT_CHECK(in(vault, "systemctl kill --signal=CONT openbao"));
            break;
        case Fault::slow_cable:
            CT_CHECK(in(node, "tc qdisc del dev cable0 root"));
            break;
        case Fault::cut_cable:
            CT_CHECK(in(node, "ip link set cable0 up"));
            break;
        case Fault::jump_clock:
            CT_CHECK(node.write("/run/clock", "0\n"));
            break;
        case Fault::fill_records:
            CT_CHECK(in(vault, "rm /var/lib/cloudtaser-gate/fill"));
            break;
        case Fault::fill_journal:
            CT_CHECK(in(node, "rm /var/log/journal/fill"));
            break;
        default:
            break;
    }
    CT_CHECK(in(vault, kUnseal));
    CT_CHECK(in(vault, "systemctl start cloudtaser-gate"));
    return in(node, "systemctl start dbus cloudtaser-secretd cloudtaser-attestd cloudtaser-identd cloudtaser-bridge");
}

}  // namespace ct::test
