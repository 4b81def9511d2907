// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/qgs_messages.h"

#include <string>

#include "attest/evidence/cursor.h"
#include "codec/hex.h"

namespace ct::attest::tdx {
namespace {

constexpr std::uint16_t kMajor = 1, kMinor = 1;  // the minor one makes no difference to quotes
constexpr std::uint32_t kQuoteRequest = 0, kQuoteAnswer = 1;
constexpr std::uint32_t kRequestHead = 24;

// REPORTMACSTRUCT, which a TDREPORT begins with.
constexpr std::uint8_t kTdType = 0x81;
constexpr std::size_t kReportDataAt = 128, kReportDataSize = 64;

template <class T>
void little(Bytes& out, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
        out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
}

std::unexpected<Error> failed(std::string why) {
    return fail(Reason::evidence_device_failed, "the quote service: " + std::move(why));
}

std::string in_hex(std::uint32_t value) {
    const std::array<std::uint8_t, 4> bytes{static_cast<std::uint8_t>(value >> 24),
                                            static_cast<std::uint8_t>(value >> 16),
                                            static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
    return "0x" + hex_encode(bytes);
}

}  // namespace

Result<ByteView> module_report_data(ByteView report) {
    if (report.size() != kModuleReportSize || report[0] != kTdType)
        return fail(Reason::evidence_device_failed, "a TDREPORT that is none");
    return report.subspan(kReportDataAt, kReportDataSize);
}

Bytes encode_quote_request(ByteView report) {
    const auto size = static_cast<std::uint32_t>(kRequestHead + report.size());
    Bytes out;
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        out.push_back(static_cast<std::uint8_t>(size >> shift));
    little(out, kMajor);
    little(out, kMinor);
    little(out, kQuoteRequest);
    little(out, size);
    little(out, std::uint32_t{0});  // an answer's error
    little(out, static_cast<std::uint32_t>(report.size()));
    little(out, std::uint32_t{0});  // no list of keys to choose from
    append(out, report);
    return out;
}

Result<std::size_t> parse_qgs_prefix(ByteView prefix) {
    Cursor in(prefix);
    const std::size_t size = in.be32();
    if (!in.finished() || size < kQgsAnswerHead) return failed("too short an answer");
    if (size > kMostQgsAnswer) return failed("too long an answer");
    return size;
}

Result<ByteView> parse_quote_answer(ByteView message) {
    Cursor in(message);
    const std::uint16_t major = in.le16();
    in.le16();
    const std::uint32_t type = in.le32(), size = in.le32(), error = in.le32();
    const std::size_t name_size = in.le32(), quote_size = in.le32();
    if (!in.ok()) return failed("too short an answer");
    if (major != kMajor) return failed("an answer by protocol version " + std::to_string(major));
    if (type != kQuoteAnswer) return failed("an answer to something else");
    if (size != message.size()) return failed("an answer of another size than it says");
    if (error != 0) return failed("it makes no quote, error " + in_hex(error));
    if (name_size != 0 && name_size != kQgsKeyName) return failed("a key of no name that is known");
    if (quote_size == 0 || quote_size > limits::kTdxQuote) return failed("a quote of no size that one has");
    in.take(name_size);
    const ByteView quote = in.take(quote_size);
    if (!in.finished()) return failed("an answer of another size than its parts");
    return quote;
}

}  // namespace ct::attest::tdx
