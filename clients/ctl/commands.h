// SPDX-License-Identifier: Apache-2.0
// One verb each, in cmd_*.cpp. The result is the exit code of a verb that could do its work (0, or 1 when what it looked
// at is not in order); an error ends with 1 as well. docs/man/cloudtaserctl.1.md is the specification.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "clients/ctl/output.h"

namespace ct::ctl {

struct StatusOptions {
    bool start = false;            // daemons that do not run
    bool all = false;              // also those that are not installed
    bool ask_person = false;       // polkit may
    std::string certificate = {};  // this node's; its absence is no error
};
Result<int> status(const StatusOptions& options, WallTime now, Output& out);

struct SessionsOptions {
    bool ask_person = false;
};
Result<int> sessions(const SessionsOptions& options, WallTime now, Output& out);

struct RevokeOptions {
    std::string workload = {};
    bool ask_person = false;
};
Result<int> revoke(const RevokeOptions& options, Output& out);

struct FetchOptions {
    std::string workload = {};
    std::string name = {};
    int to_fd = -1;
    bool force = false;  // even to a terminal
};
Result<int> fetch(const FetchOptions& options, Output& out);
// The last step of fetch: `size` bytes of secret memory to a descriptor.
Status deliver(int secret, std::size_t size, int to_fd);
// invalid_argument if the descriptor is closed, read-only, or a terminal without `force`.
Status check_target(int to_fd, bool force);

// Becomes cloudtaser-run with these arguments; returns only if it can't.
Status run(const std::vector<std::string>& arguments);

struct PolicyCheckOptions {
    std::vector<std::string> paths = {};  // files or folders
};
Result<int> policy_check(const PolicyCheckOptions& options, Output& out);

struct PolicyPackOptions {
    std::string folder = {};
    std::string file = {};
    std::uint64_t serial = 0;  // 0: the time
};
Result<int> policy_pack(const PolicyPackOptions& options, WallTime now, Output& out);

// Adds signatures to a packed file, in place.
struct SignOptions {
    std::string file = {};
    std::vector<std::string> keys = {};  // files
};
Result<int> policy_sign(const SignOptions& options, Output& out);

struct PolicyVerifyOptions {
    std::string file = {};
    std::vector<std::string> signers = {};  // "ed25519:HEX"
    std::size_t needed = 1;
};
Result<int> policy_verify(const PolicyVerifyOptions& options, Output& out);

Result<int> collateral_keygen(const std::string& path, Output& out);

struct CollateralFetchOptions {
    std::string folder = {};
    std::string amd = "https://kdsintf.amd.com", intel = "https://api.trustedservices.intel.com";
    std::string ca_file = {};            // who vouches for the services; empty: the system's anchors
    std::string makers = {};             // PEM of other makers than the real ones
    std::string only = {};               // "amd" or "intel"
    unsigned ahead = 10, age = 7;        // days
    unsigned pace = 10, patience = 900;  // seconds
    int tries = 5;
};
Result<int> collateral_fetch(const CollateralFetchOptions& options, Output& out);

// Lines for the file `wanted`, from audit records of a gate.
Result<int> collateral_wanted(const std::vector<std::string>& records, Output& out);

struct CollateralPackOptions {
    std::string folder = {};
    std::string file = {};
    std::vector<std::string> deny = {};  // files
    std::string makers = {};
    std::uint64_t serial = 0;  // 0: the time
    unsigned days = 30;
};
Result<int> collateral_pack(const CollateralPackOptions& options, WallTime now, Output& out);
Result<int> collateral_sign(const SignOptions& options, Output& out);

struct CollateralVerifyOptions {
    std::string file = {};
    std::vector<std::string> signers = {};  // "ed25519:HEX"
    std::size_t needed = 1;
    std::string at = {};  // RFC 3339; empty: now
    std::string makers = {};
};
// What is in it, whoever signed.
Result<int> collateral_show(const CollateralVerifyOptions& options, WallTime now, Output& out);
Result<int> collateral_verify(const CollateralVerifyOptions& options, WallTime now, Output& out);

struct MeasureSnpOptions {
    std::string firmware = {};
    std::vector<unsigned> processors = {1};
    std::string cpu = {};        // QEMU's name; or
    std::string signature = {};  // hexadecimal
    std::string features = "1";  // hexadecimal
    std::string hypervisor = "qemu";
    std::string kernel = {}, initrd = {}, command_line = {};
};
Result<int> measure_snp(const MeasureSnpOptions& options, Output& out);
Result<int> measure_tdx(const std::string& firmware, Output& out);

struct MeasureUkiOptions {
    std::string file = {};
    std::string bank = "sha256";  // or "sha384"
    std::string disk = {};        // the one that it is on
    bool secure_boot = false;
    bool plain_initrd = false;  // not systemd's
    bool tdx = false;           // RTMRs instead of PCRs
};
struct MeasureDirectOptions {
    std::string kernel = {}, initrd = {}, command_line = {};
    std::string load_options = {};  // instead of the command line: as the kernel gets them
    std::uint64_t memory = 0;       // MiB
    bool plain = false;             // QEMU writes nothing into the kernel
    std::string bank = "sha256";
    bool tdx = false;
};
Result<int> measure_direct(const MeasureDirectOptions& options, Output& out);
Result<int> measure_uki(const MeasureUkiOptions& options, Output& out);

struct ReplayOptions {
    std::string record = {};   // a file, "-" for standard input, or the id of a record in `records`
    std::string records = {};  // folder of the gate
    std::string policy = {};   // judge by this policy instead of the recorded one: what would it have said?
    std::string sha256 = {};   // of the record, as the gate's journal has it; empty: not known
    bool raw = false;          // the recomputed decision's bytes, and nothing else
};
Result<int> verdict_replay(const ReplayOptions& options, Output& out);

struct EarOptions {
    std::string record = {};   // as in ReplayOptions
    std::string records = {};  // folder of the gate
    std::string key = {};      // PEM, Ed25519 or P-256: who signs the result
    std::string sha256 = {};   // as in ReplayOptions
};
Result<int> verdict_ear(const EarOptions& options, Output& out);

struct EnrolmentOptions {
    std::string certificate = {};  // this node's
    std::string name = {};         // empty: the host's
};
Result<int> enrolment(const EnrolmentOptions& options, Output& out);

struct GateNodeOptions {
    std::string settings = {};     // the gate's configuration; it may be missing
    std::string file = {};         // add: what `enrolment` wrote on the node, "-" for standard input
    std::string fingerprint = {};  // add: as the node showed it
    std::string name = {};         // revoke
    bool replace = false;          // add: a node that is enrolled already
    bool ask_person = false;
};
Result<int> gate_node_add(const GateNodeOptions& options, Output& out);
Result<int> gate_node_list(const GateNodeOptions& options, Output& out);
Result<int> gate_node_revoke(const GateNodeOptions& options, Output& out);

struct KeygenOptions {
    std::string role = {};       // "node" or "gate"
    std::string directory = {};  // where ROLE.key and ROLE.crt lie
    std::string name = {};       // common name; empty: the host's
    unsigned days = 365;
    bool renew = false;  // new certificate, same key, same pin
};
Result<int> keygen(const KeygenOptions& options, WallTime now, Output& out);

Result<int> pin(const std::vector<std::string>& certificates, Output& out);

// All codes, or one.
Result<int> reasons(const std::string& code, Output& out);

}  // namespace ct::ctl
