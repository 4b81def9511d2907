// SPDX-License-Identifier: Apache-2.0
// What each item of a collateral bundle is, by its name: who must have signed it, and from when until when it counts. Verifiers
// check all of this again; here it is for the person who makes a bundle, so that a gate is not given what it would refuse.
//
//   amd/crl/PRODUCT                  Milan, Genoa or Turin: DER, signed by the product's root
//   amd/vcek/CHIP_ID/REPORTED_TCB    hexadecimal, as a report has them: certificate of the chip's key, DER
//   intel/tcb-info/FMSPC             Intel's document, signed by its TCB signing key
//   intel/td-qe-identity             the same
//   intel/tcb-signing-chain          PEM, the signing key's certificate first
//   intel/pck-crl/CA                 platform or processor: DER, signed by that PCK CA
//   intel/pck-ca/CA                  PEM, the CA's certificate first: gates have it from each quote
//   intel/root-crl                   DER, signed by Intel's root
//   deny                             deny_list.h
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attest/verify/verifier.h"
#include "base/clock.h"
#include "crypto/x509.h"

namespace ct::attest {

// Makers other than the real ones, for simulated machines. Empty: those compiled in.
struct OtherMakers {
    std::vector<crypto::Certificate> roots, intermediates;
};

struct ItemState {
    std::string signer;  // for a person; empty for a list of our own
    WallTime from = WallTime::min();
    WallTime until = WallTime::max();  // nothing ends it
    std::vector<Finding> findings;     // what is wrong with it `at` that time; empty: in order
};

// The item `name` of `items`, which has it; what it is checked by (intel/tcb-signing-chain, intel/pck-ca) lies beside it.
ItemState examine_item(std::string_view name, const Collateral& items, WallTime at, const OtherMakers& others = {});

// Whether anybody looks for an item of this name.
bool is_item_name(std::string_view name);

}  // namespace ct::attest
