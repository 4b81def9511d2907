// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tdx_pck.h"

#include <algorithm>
#include <optional>
#include <span>

#include "codec/der.h"

namespace ct::attest::tdx {
namespace {

constexpr const char* kSgxExtension = "1.2.840.113741.1.13.1";
constexpr ByteArray<9> kArc{0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};  // the same in DER
// Below it.
constexpr std::uint8_t kPpid = 1, kTcb = 2, kPceId = 3, kFmspc = 4;
// Below the TCB: components are 1 to 16.
constexpr std::uint8_t kPceSvn = 17, kCpuSvn = 18;

std::unexpected<Error> malformed(std::string_view what) {
    return fail(Reason::evidence_malformed, "PCK certificate, SGX extension: " + std::string(what));
}

// One member of a SEQUENCE of { OID, value }, of which no OID may stand twice.
struct Member {
    ByteView below;  // its OID without the arc
    der::Reader value;
};

Result<Member> next_member(der::Reader& in) {
    CT_TRY(const ByteView pair, in.take(der::kSequence));
    der::Reader reader(pair);
    CT_TRY(const ByteView oid, reader.take(der::kOid));
    if (oid.size() <= kArc.size() || !std::ranges::equal(oid.first(kArc.size()), kArc))
        return malformed("a member of another arc");
    return Member{oid.subspan(kArc.size()), reader};
}

template <std::size_t N>
Status octets(Member& member, ByteArray<N>& into) {
    CT_TRY(const ByteView value, member.value.take(der::kOctetString));
    if (value.size() != N) return malformed("an OCTET STRING of another size");
    std::ranges::copy(value, into.begin());
    return member.value.finish();
}

template <class T>
Status number(Member& member, T& into) {
    CT_TRY(const std::uint32_t value, member.value.number());
    if (value > std::numeric_limits<T>::max()) return malformed("an INTEGER out of its range");
    into = static_cast<T>(value);
    return member.value.finish();
}

// Which members were seen; each may stand once.
class Seen {
public:
    Status mark(std::uint8_t id) {
        if ((mask_ >> id & 1) != 0) return malformed("a member that stands twice");
        mask_ |= 1U << id;
        return {};
    }
    [[nodiscard]] bool all(std::uint32_t wanted) const { return (mask_ & wanted) == wanted; }

private:
    std::uint32_t mask_ = 0;
};

Status read_tcb(Member& tcb, Pck& out) {
    CT_TRY(const ByteView content, tcb.value.take(der::kSequence));
    CT_CHECK(tcb.value.finish());
    der::Reader in(content);
    Seen seen;
    while (!in.empty()) {
        CT_TRY(Member member, next_member(in));
        if (member.below.size() != 2 || member.below[0] != kTcb) return malformed("a member of TCB of another arc");
        const std::uint8_t id = member.below[1];
        if (id < 1 || id > kCpuSvn) continue;
        CT_CHECK(seen.mark(id));
        if (id <= kComponents) {
            CT_CHECK(number(member, out.components[id - 1]));
        } else if (id == kPceSvn) {
            CT_CHECK(number(member, out.pce_svn));
        } else {
            ByteArray<kComponents> cpu_svn{};  // the raw form of the components
            CT_CHECK(octets(member, cpu_svn));
        }
    }
    if (!seen.all((1U << (kPceSvn + 1)) - 2)) return malformed("TCB without one of its members");
    return {};
}

}  // namespace

Result<Pck> parse_sgx_extension(ByteView bytes) {
    der::Reader outer(bytes);
    const auto content = outer.take(der::kSequence);
    if (!content || !outer.finish()) return malformed("not one SEQUENCE");
    der::Reader in(*content);
    Pck out;
    Seen seen;
    const auto read = [&]() -> Status {
        while (!in.empty()) {
            CT_TRY(Member member, next_member(in));
            const std::uint8_t id = member.below[0];
            if (member.below.size() != 1 || id < kPpid || id > kFmspc) continue;
            CT_CHECK(seen.mark(id));
            if (id == kPpid) CT_CHECK(octets(member, out.ppid));
            if (id == kTcb) CT_CHECK(read_tcb(member, out));
            if (id == kPceId) CT_CHECK(octets(member, out.pce_id));
            if (id == kFmspc) CT_CHECK(octets(member, out.fmspc));
        }
        return {};
    };
    if (const Status status = read(); !status)
        return status.error().reason == Reason::evidence_malformed ? std::unexpected(status.error())
                                                                   : malformed(status.error().context);
    if (!seen.all(1U << kPpid | 1U << kTcb | 1U << kPceId | 1U << kFmspc)) return malformed("a member is missing");
    return out;
}

Result<Pck> parse_pck(const crypto::Certificate& certificate) {
    const auto content = certificate.extension(kSgxExtension);
    if (!content) return malformed(content.error().context);
    if (!*content) return malformed("missing");
    return parse_sgx_extension(**content);
}

}  // namespace ct::attest::tdx
