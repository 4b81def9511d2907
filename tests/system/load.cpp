// SPDX-License-Identifier: Apache-2.0
#include "system/load.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <sstream>

#include "base/reason.h"

namespace ct::test {
namespace {

// Longer than any start may take: the release, the ten seconds after which the guard gives up on a page, a busy machine.
constexpr Millis kLongest{60'000};

// It is ready when no exec of its own is to come: one that meets a fault is a start that ends with a reason.
constexpr const char* kProgram = R"sh(#!/bin/sh
# usage: load FOLDER
set -eu
printf %s "$PASSWORD" | sha256sum >"$1/value"
exec 3<>"$1/ask" 4<>"$1/answer"
systemd-notify --ready
while read -r _ <&3; do
    sh -c 'printf %s "$PASSWORD" | sha256sum' >"$1/child" || true
    echo done >&4
done
)sh";

// Of a child after the end of its program's session: the variable is there and empty.
constexpr const char* kDigestOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  -\n";

// $1 services. The digests go to standard output, the values nowhere.
constexpr const char* kOnVault = R"sh(
export BAO_ADDR=https://127.0.0.1:8200 BAO_CACERT=/etc/openbao/tls/vault-ca.pem BAO_TOKEN="$(cat /etc/openbao/root-token)"
pcrs=$(grep -m 1 '^pcrs' /etc/cloudtaser/policy.d/payments.toml)
for i in $(seq 0 $(($1 - 1))); do
    value=$(openssl rand -hex 20)
    printf %s "$value" | bao kv put "kv/payments/load-$i" password=- >/dev/null
    printf %s "$value" | sha256sum
    cat >>/etc/cloudtaser/policy.d/load.toml <<END
[workload.load-$i]
evidence   = ["tpm2"]
token_role = "wl-payments"
token_ttl  = "60s"    # those of a daemon that was killed are gone when the test looks
units      = ["load-$i.service"]
[workload.load-$i.tpm2]
enrolled = true
$pcrs
END
done
systemctl reload cloudtaser-gate
)sh";

constexpr const char* kOnNode = R"sh(
systemctl stop payments
for i in $(seq 0 $(($1 - 1))); do
    install -d -o payments /run/load/$i
    mkfifo /run/load/$i/ask /run/load/$i/answer
    chown payments /run/load/$i/ask /run/load/$i/answer
    cat >>/etc/cloudtaser/workloads.d/load.toml <<END
[workload.load-$i]
units = ["load-$i.service"]
[workload.load-$i.env]
PASSWORD = "kv/payments/load-$i#password"
END
    cat >/etc/systemd/system/load-$i.service <<END
[Unit]
StartLimitIntervalSec=0
[Service]
Type=notify
NotifyAccess=all
User=payments
TimeoutStartSec=50
StandardError=append:/run/load/$i/errors
ExecStart=/usr/bin/cloudtaser-run --timeout $((3 + i % 5)) --workload load-$i -- /usr/local/bin/load /run/load/$i
END
done
systemctl daemon-reload
systemctl reload cloudtaser-secretd
)sh";

std::string with_argument(int value, const std::string& script) {
    return "set -- " + std::to_string(value) + "\n" + script;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

// The last word of ours on it: "cloudtaser-run: WORD: more".
std::optional<Reason> reason_in(const std::string& text) {
    std::optional<Reason> found;
    for (const auto& line : lines_of(text)) {
        constexpr std::string_view kOurs = "cloudtaser-run: ";
        if (!line.starts_with(kOurs)) continue;
        const auto word = line.substr(kOurs.size(), line.find_first_of(": ", kOurs.size()) - kOurs.size());
        if (const auto reason = reason_from_string(word)) found = reason;
    }
    return found;
}

std::vector<std::string> systemctl(std::string verb, const std::vector<int>& services) {
    std::vector<std::string> argv = {"systemctl", std::move(verb)};
    for (const int service : services)
        argv.push_back(Load::unit(service));
    return argv;
}

}  // namespace

std::string Load::file(int service, const std::string& name) {
    return "/run/load/" + std::to_string(service) + "/" + name;
}

Result<Load> Load::make(Site& site, int services) {
    Load load(site, services);
    CT_CHECK(load.configure());
    return load;
}

Status Load::configure() {
    const auto made = site_->vault().sh(with_argument(services_, kOnVault));
    if (made.code != 0) return fail(Reason::io_failed, made.all());
    const auto digests = lines_of(made.out);
    if (digests.size() != static_cast<std::size_t>(services_)) return fail(Reason::io_failed, made.all());
    for (int i = 0; i < services_; ++i)
        digests_[i] = digests[static_cast<std::size_t>(i)] + "\n";
    CT_CHECK(site_->node().write("/usr/local/bin/load", kProgram, 0755));
    const auto prepared = site_->node().sh(with_argument(services_, kOnNode));
    if (prepared.code != 0) return fail(Reason::io_failed, prepared.all());
    return {};
}

Status Load::stop(const std::vector<int>& services) const {
    if (services.empty()) return {};
    CT_TRY(auto stopping, site_->node().begin(systemctl("stop", services)));
    const std::string said = stopping.output(kLongest);
    if (stopping.wait(kLongest) != 0) return fail(Reason::io_failed, "systemctl stop: " + said);
    return {};
}

Status Load::revoke(const std::vector<int>& services) const {
    std::string script =
        "revoke() { busctl call io.cloudtaser.Secret1 /io/cloudtaser/Secret1 io.cloudtaser.Secret1.Manager "
        "RevokeWorkload s \"$1\"; }\n";
    for (const int service : services)
        script += "revoke load-" + std::to_string(service) + "\n";
    const auto revoked = site_->node().enter(script);
    if (revoked.code != 0) return fail(Reason::io_failed, revoked.out);
    return {};
}

Result<Child> Load::start(const std::vector<int>& services) const {
    for (const int service : services)
        for (const char* name : {"value", "errors"})
            ::unlink(site_->node().path(file(service, name)).c_str());
    return site_->node().begin(systemctl("restart", services));
}

Load::Outcome Load::judge(int service, const std::string& digest_file) const {
    Outcome outcome;
    const auto digest = site_->node().read(file(service, digest_file)).value_or("");
    outcome.right = digest == digests_.at(service);
    outcome.wrong = !outcome.right && !digest.empty() && digest != kDigestOfNothing;
    outcome.words = site_->node().read(file(service, "errors")).value_or("");
    outcome.why = reason_in(outcome.words);
    if (outcome.right || outcome.why) return outcome;
    // What fails after the program's start is said by the guard, in the journal.
    const auto said = site_->node().enter(
        "journalctl --sync; journalctl -q --no-pager -o json -n 1 -t cloudtaser-guard _SYSTEMD_UNIT=" + unit(service) +
        " --since=-60s | jq -r .CT_REASON,.MESSAGE");
    outcome.why = reason_from_string(said.out.substr(0, said.out.find('\n')));
    outcome.words += said.out;
    return outcome;
}

Result<std::map<int, Load::Outcome>> Load::outcomes(Child started, const std::vector<int>& services) const {
    std::map<int, Outcome> outcomes;
    if (services.empty()) return outcomes;
    const std::string said = started.output(kLongest);
    if (!started.wait(kLongest)) return fail(Reason::timed_out, "systemctl restart: " + said);
    CT_TRY(const auto now_running, running());
    std::string query = "systemctl show -P ExecMainStartTimestampMonotonic -P ExecMainExitTimestampMonotonic -P Result";
    for (const int service : services)
        query += " " + unit(service);
    const auto shown = site_->node().enter(query);
    std::vector<std::string> values;
    for (const auto& line : lines_of(shown.out))
        if (!line.empty()) values.push_back(line);
    if (values.size() != 3 * services.size()) return fail(Reason::malformed, query + ":\n" + shown.out);
    for (std::size_t i = 0; i < services.size(); ++i) {
        const int service = services[i];
        Outcome outcome = judge(service, "value");
        outcome.right = outcome.right && now_running.contains(service);
        // systemctl shows properties in an order of its own.
        std::array<long long, 2> times{};
        std::size_t have = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            const auto& value = values[3 * i + j];
            if (std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; }))
                times.at(have++) = std::stoll(value);
            else
                outcome.words += "(" + value + ")";
        }
        outcome.took = Millis(std::abs(times[1] - times[0]) / 1000);
        outcomes[service] = std::move(outcome);
    }
    return outcomes;
}

Status Load::ask(const std::vector<int>& services) const {
    for (const int service : services) {
        ::unlink(site_->node().path(file(service, "child")).c_str());
        std::error_code none_yet;
        std::filesystem::resize_file(site_->node().path(file(service, "errors")), 0, none_yet);
        const Fd pipe(::open(site_->node().path(file(service, "ask")).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
        if (!pipe) return fail_errno(Reason::io_failed, "asking " + unit(service));
        CT_CHECK(write_all(pipe.get(), "child\n", 6));
    }
    return {};
}

Result<std::map<int, Load::Outcome>> Load::answers(const std::vector<int>& services) const {
    std::map<int, Outcome> outcomes;
    const auto deadline = std::chrono::steady_clock::now() + kLongest;
    for (const int service : services) {
        const Fd pipe(::open(site_->node().path(file(service, "answer")).c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
        if (!pipe) return fail_errno(Reason::io_failed, "hearing " + unit(service));
        pollfd readable{pipe.get(), POLLIN, 0};
        const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now()).count();
        if (::poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) <= 0)
            return fail(Reason::timed_out, unit(service) + " did not answer");
        std::array<char, 64> drop{};
        if (::read(pipe.get(), drop.data(), drop.size()) <= 0) return fail_errno(Reason::io_failed, unit(service));
        outcomes[service] = judge(service, "child");
    }
    return outcomes;
}

Result<std::map<int, int>> Load::running() const {
    const auto shown =
        site_->node().enter("systemctl show --property=Id --property=MainPID --property=ActiveState 'load-*.service'");
    if (shown.code != 0) return fail(Reason::io_failed, shown.out);
    std::map<int, int> found;
    std::map<std::string, std::string> one;
    const auto take = [&] {
        if (one["ActiveState"] == "active") found[std::stoi(one["Id"].substr(5))] = std::stoi(one["MainPID"]);
        one.clear();
    };
    for (const auto& line : lines_of(shown.out)) {
        if (line.empty())
            take();
        else
            one[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
    }
    if (!one.empty()) take();
    return found;
}

}  // namespace ct::test
