// SPDX-License-Identifier: Apache-2.0
// What is true of this node right now, and how it is told. Pure: collected elsewhere (cmd_status.cpp).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "clients/ctl/output.h"

namespace ct::ctl {

struct DaemonRow {
    std::string name = {};   // "cloudtaser-secretd"
    std::string state = {};  // the daemon's own word, or "not running", "not installed", "no answer"
    std::string version = {};
    std::string reason = {};  // why it is not ready, in its own words
};

struct SessionRow {
    std::string path, workload, state;
    std::uint32_t uid = 0;
    WallTime opened;
    std::string evidence;  // kind
    std::string tiers;     // letters that its delivery may have
};

// This node towards the gate: what `cloudtaserctl keygen node` made.
struct NodeIdentity {
    std::string subject, pin;
    WallTime not_after;
};

struct Posture {
    std::string version = {};                            // of this program
    std::string kernel_memory = {};                      // what this program got when it asked the kernel
    std::optional<std::string> secretd_memory = {};      // what secretd got; it may be confined more tightly
    std::optional<std::vector<std::string>> kinds = {};  // nullopt: attestd was not there to be asked
    std::string primary = {};
    std::map<std::string, std::string> keys = {};  // how policies name this machine's attesting keys: "tpm2.ak"
    std::optional<NodeIdentity> identity = {};
    std::string enforcement = {};  // "not installed", or the state of the daemon
    std::vector<DaemonRow> daemons = {};
    std::optional<std::vector<SessionRow>> sessions = {};
    std::optional<Error> sessions_refused = {};  // why there is no list
};

// What a reader must not overlook, most important first. Empty only on a node where everything is in place.
std::vector<std::string> shortcomings(const Posture& posture, WallTime now);

void tell(const Posture& posture, WallTime now, bool all, Output& out);
void tell(const std::vector<SessionRow>& sessions, WallTime now, Output& out);

}  // namespace ct::ctl
