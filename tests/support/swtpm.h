// SPDX-License-Identifier: Apache-2.0
// A software TPM 2.0 of one's own, in a directory that goes away with it. What it says is as good as any TPM's until keys,
// certificates and PCR values are checked: which is what tests want.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "support/process.h"
#include "support/tpm_builder.h"

namespace ct::test {

class Swtpm {
public:
    // A TPM fresh from manufacture, started, with all PCR banks. `unsupported` if swtpm is not installed.
    static Result<std::unique_ptr<Swtpm>> start();
    Swtpm(const Swtpm&) = delete;
    Swtpm& operator=(const Swtpm&) = delete;
    ~Swtpm() = default;  // the child dies with its Child

    // For tpm2-tss. It serves one connection at a time: whoever holds one keeps the others waiting, the calls below too.
    [[nodiscard]] std::string tcti() const;

    // Extends the SHA-256 bank with SHA-256(`data`) and notes it in the event log, as firmware would.
    Status measure(unsigned pcr, std::string_view data);
    // Extends without a line in the log.
    Status extend_unlogged(unsigned pcr, const Sha256& digest);
    [[nodiscard]] Result<Bytes> pcr_value(unsigned pcr);
    // The log that replays to the PCRs as measure() left them, and a file that holds it.
    [[nodiscard]] const Bytes& event_log() const { return log_.bytes(); }
    std::string write_event_log();
    // Defines an NV index that anyone may read, such as a maker does for its certificate.
    Status write_nv(std::uint32_t index, ByteView content);

    // Makes the key of a template (TPMT_PUBLIC) under the endorsement hierarchy and keeps it at a persistent handle, as a cloud
    // does before the machine starts.
    Status persist(ByteView form, std::uint32_t handle);

    // Ends the process and starts it again on the same state: a reboot. With `power_loss` without the TPM being told.
    Status reboot(bool power_loss);
    // Ends the process for good.
    void stop();

private:
    Swtpm() = default;
    Status launch();
    TempDir directory_;
    std::optional<Child> child_;
    EventLogBuilder log_;
};

}  // namespace ct::test
