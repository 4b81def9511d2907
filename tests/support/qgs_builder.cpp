// SPDX-License-Identifier: Apache-2.0
#include "support/qgs_builder.h"

#include "support/tpm_builder.h"

namespace ct::test {
namespace {

std::uint32_t sum(std::size_t size, int more) { return static_cast<std::uint32_t>(static_cast<int>(size) + more); }

}  // namespace

Bytes ModuleReportFields::bytes() const {
    ByteBuilder out;
    out.u8(type).raw(Bytes(15)).raw(Bytes(16, 0xc9)).raw(Bytes(48, 0x7c)).raw(Bytes(48, 0x71));
    out.raw(data).raw(Bytes(32)).raw(Bytes(32, 0x3a));
    return out.raw(Bytes(256, 0x7b)).raw(Bytes(512, 0x70));
}

Bytes QuoteAnswerFields::message() const {
    ByteBuilder out;
    out.le16(major).le16(minor).le32(type).le32(sum(24 + key_name.size() + quote.size(), size_more)).le32(error);
    out.le32(sum(key_name.size(), name_more)).le32(sum(quote.size(), quote_more));
    return out.raw(key_name).raw(quote);
}

Bytes QuoteAnswerFields::bytes() const {
    const Bytes after = message();
    return ByteBuilder().be32(static_cast<std::uint32_t>(after.size())).raw(after);
}

}  // namespace ct::test
