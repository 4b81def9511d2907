// SPDX-License-Identifier: Apache-2.0
// Intel's documents, and what follows from them for some platform.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/verify/tdx/tcb_info.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    using namespace ct::attest::tdx;
    const ByteView input(data, size);
    const auto identity = parse_qe_identity(input);
    if (identity && identity->levels.empty()) std::abort();
    const auto info = parse_tcb_info(input);
    if (!info) return 0;
    if (info->levels.empty()) std::abort();
    // As what the input says of its first level, under each version of a module that it knows.
    Pck pck;
    pck.components = info->levels.front().sgx;
    pck.pce_svn = info->levels.front().pce_svn;
    QeIdentity qe;
    qe.levels.push_back({0, TcbStatus::up_to_date, {}});
    ByteArray<kComponents> svn = info->levels.front().tdx;
    TdReport td;
    td.tee_tcb_svn = td.tee_tcb_svn2 = svn;
    for (unsigned version = 0; version < 4; ++version) {
        svn[1] = static_cast<std::uint8_t>(version);
        const Assessment found = assess(*info, qe, pck, td, 0);
        if (found.status && (!found.platform || !found.qe)) std::abort();
    }
    return 0;
}
