// SPDX-License-Identifier: Apache-2.0
// Reports of the confidential machine that we run in, whichever technology it is of.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "attest/collect/tsm/folder.h"
#include "base/clock.h"

namespace ct::attest::tsm {

struct Machine {
    std::string provider;          // the driver that answers: "tdx_guest", "sev_guest"
    unsigned privilege_floor = 0;  // SEV-SNP: the most privileged VMPL that reports can be made for
};
// The entry that root may have made for us (cloudtaser-report-entry.service): whoever may not make one writes to it and leaves it
// where it is. Without it we make one of our own, which goes with the report.
inline constexpr const char* kEntry = "cloudtaser";

// evidence_device_absent where there is no such folder.
Result<Machine> probe(Folder& folder);

struct Question {
    std::string_view provider;               // the driver that must answer
    ByteView data;                           // what is to be signed: 64 bytes
    std::optional<unsigned> privilege = {};  // SEV-SNP: the VMPL
    bool auxiliary = false;                  // also what the host adds: SEV-SNP's certificates
};

struct Report {
    Bytes out;
    Bytes auxiliary;  // empty if there is none
};

// A report is made for one caller at a time, and takes a tenth of a second where the host has to sign it.
inline constexpr Millis kFirstPause{10};

// evidence_device_absent where there is no such folder or another driver, evidence_device_failed else: also when others write
// to our entry, or keep the machine busy, for as long as it is tried; pauses double from the first on.
Result<Report> make_report(Folder& folder, const Question& question, Millis first_pause = kFirstPause);

}  // namespace ct::attest::tsm
