// SPDX-License-Identifier: Apache-2.0
// The table of certificates that a host hands over beside a report: an array of {GUID, offset, length} that a zero GUID ends, then
// the contents. GHCB Specification (AMD 56421) section 4.1.8.1, "SNP Extended Guest Request". The host fills it in: nothing in it
// is to be trusted.
#pragma once

#include "attest/evidence/snp_report.h"
#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::snp {

inline constexpr std::size_t kCertificateTable = 32UZ * 1024;  // what the kernel's reports hold at most

// Views into the table, as the host gave them: DER or PEM, or neither. Empty: not there.
struct Certificates {
    ByteView vcek, vlek;  // of the key of the chip, or of the provider
    ByteView ask, ark;    // AMD's; ASK stands for ASVK beside a VLEK
};

// Empty bytes, or nothing but zeros, are the table of a host that gives none. evidence_too_large, or evidence_malformed: no end,
// content outside of the table, or one that we look for twice. Entries of other kinds are passed over.
Result<Certificates> parse_certificates(ByteView table);

}  // namespace ct::attest::snp
