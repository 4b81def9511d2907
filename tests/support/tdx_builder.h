// SPDX-License-Identifier: Apache-2.0
// Builds TDX quotes byte by byte, well-formed or not, without sharing code with the parser.
#pragma once

#include <array>
#include <string>

#include "base/bytes.h"

namespace ct::test {

struct TdFields {
    Bytes tee_tcb_svn = {5, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    Bytes mr_seam = Bytes(48, 0x5e), mr_signer_seam = Bytes(48, 0), seam_attributes = Bytes(8, 0);
    std::uint64_t attributes = 1U << 28, xfam = 0x602e7;
    Bytes mr_td = Bytes(48, 0x7d), mr_config_id = Bytes(48, 0xc1), mr_owner = Bytes(48, 0x02),
          mr_owner_config = Bytes(48, 0x0c);
    std::array<Bytes, 4> rtmr = {Bytes(48, 0xa0), Bytes(48, 0xa1), Bytes(48, 0xa2), Bytes(48, 0xa3)};
    Bytes report_data = Bytes(64, 0xdd);
    Bytes tee_tcb_svn2 = {5, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, mr_service_td = Bytes(48, 0);  // TD 1.5

    [[nodiscard]] Bytes bytes(bool td15) const;
};

struct QeFields {
    Bytes cpu_svn = Bytes(16, 3);
    std::uint32_t misc_select = 0;
    Bytes attributes = {0x15, 0, 0, 0, 0, 0, 0, 0, 0xe7, 0, 0, 0, 0, 0, 0, 0};
    Bytes mr_enclave = Bytes(32, 0xe0), mr_signer = Bytes(32, 0xe1);
    std::uint16_t isv_prod_id = 2, isv_svn = 6;
    Bytes report_data = Bytes(64, 0);

    [[nodiscard]] Bytes bytes() const;
};

struct QuoteFields {
    std::uint16_t version = 4, key_type = 2;
    std::uint32_t tee = 0x81;
    Bytes vendor = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
    std::uint16_t body_type = 2;  // of version 5; 3 for TD 1.5
    std::uint32_t body_size = 0;  // 0: the true one
    TdFields td;
    Bytes signature = Bytes(64, 0x51), attestation_key = Bytes(64, 0xae);
    QeFields qe;
    Bytes qe_signature = Bytes(64, 0x52), qe_auth_data = Bytes(32, 0xad);
    std::uint16_t outer_type = 6, inner_type = 5;
    int signature_data_more = 0, outer_more = 0, inner_more = 0;  // added to the true sizes
    std::string pck_chain = "certificates";
    Bytes padding;

    [[nodiscard]] bool td15() const { return version == 5 && body_type == 3; }
    [[nodiscard]] Bytes signed_bytes() const;
    [[nodiscard]] Bytes bytes() const;
};

}  // namespace ct::test
