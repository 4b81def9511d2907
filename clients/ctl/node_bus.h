// SPDX-License-Identifier: Apache-2.0
// The daemons of this node as this program calls them: dbus/interfaces/*.xml with types. Every call blocks.
#pragma once

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "bus/connection.h"
#include "clients/ctl/posture.h"

namespace ct::ctl {

struct DaemonName {
    const char* name;  // "cloudtaser-secretd"
    const char* bus;   // "io.cloudtaser.Secret1"
    const char* path;  // "/io/cloudtaser/Secret1"
};
inline constexpr DaemonName kSecretd{"cloudtaser-secretd", "io.cloudtaser.Secret1", "/io/cloudtaser/Secret1"};
inline constexpr DaemonName kAttestd{"cloudtaser-attestd", "io.cloudtaser.Attest1", "/io/cloudtaser/Attest1"};
inline constexpr DaemonName kBridge{"cloudtaser-bridge", "io.cloudtaser.Bridge1", "/io/cloudtaser/Bridge1"};
inline constexpr DaemonName kIdentd{"cloudtaser-identd", "io.cloudtaser.Identity1", "/io/cloudtaser/Identity1"};
inline constexpr DaemonName kEnforced{"cloudtaser-enforced", "io.cloudtaser.Enforce1", "/io/cloudtaser/Enforce1"};
inline constexpr DaemonName kGate{"cloudtaser-gate", "io.cloudtaser.Gate1", "/io/cloudtaser/Gate1"};

// A fetched secret: a descriptor of secret memory and what is to be known of it.
struct Fetched {
    Fd fd;
    std::uint64_t size = 0;  // of the value
    std::uint64_t version = 0;
};

class NodeBus {
public:
    // `start`: daemons that are installed and do not run are started by what is asked of them. `ask_person`: polkit may.
    static Result<NodeBus> open(bool start, bool ask_person);
    explicit NodeBus(bus::Connection connection, bool start, bool ask_person)
        : bus_(std::move(connection)), start_(start), ask_person_(ask_person) {}

    // Which of our names have an owner, and which the bus could start.
    Status look_around();
    [[nodiscard]] bool runs(const DaemonName& daemon) const { return owned_.contains(daemon.bus); }
    [[nodiscard]] bool installed(const DaemonName& daemon) const {
        return runs(daemon) || activatable_.contains(daemon.bus);
    }
    // True if asking it makes sense: it runs, or may be started for this.
    [[nodiscard]] bool answers(const DaemonName& daemon) const {
        return runs(daemon) || (start_ && activatable_.contains(daemon.bus));
    }

    // Daemon1 of the daemon, as a row; never fails, a silent daemon is a row too.
    DaemonRow describe(const DaemonName& daemon);

    using Property = std::variant<std::string, bool, std::vector<std::string>, bus::StringMap>;  // s b as a{ss}
    using Properties = std::map<std::string, Property, std::less<>>;
    // Those of the types above; others are left out.
    Result<Properties> properties(const DaemonName& daemon, const char* interface);

    Result<std::vector<SessionRow>> sessions();
    Status reload(const DaemonName& daemon);
    // Waits until attestd has looked at the device of this kind; the error is the device's.
    Status introduce(const std::string& kind);
    Result<std::uint32_t> revoke(const std::string& workload);
    // Opens a session of `workload` for this process, fetches one secret and ends the session.
    Result<Fetched> fetch(const std::string& workload, const std::string& name);

private:
    [[nodiscard]] bus::CallFlags flags() const { return {.interactive = ask_person_, .no_autostart = !start_}; }
    Result<std::vector<std::string>> names(const char* member);
    bus::Connection bus_;
    bool start_;
    bool ask_person_;
    std::set<std::string> owned_, activatable_;
};

}  // namespace ct::ctl
