// SPDX-License-Identifier: Apache-2.0
#include "support/hcl_builder.h"

#include "codec/base64.h"
#include "support/tpm_builder.h"

namespace ct::test {

Bytes HclFields::bytes() const {
    constexpr int header = 20;
    const int size = static_cast<int>(runtime.size()) + runtime_size_more;
    Bytes slot = report;
    slot.resize(1184);
    ByteBuilder out;
    out.raw(as_bytes(magic)).le32(version).le32(static_cast<std::uint32_t>(32 + 1184 + header + size)).le32(request);
    out.raw(Bytes(16)).raw(slot);
    out.le32(static_cast<std::uint32_t>(header + size + size_more)).le32(runtime_version).le32(hardware).le32(hash);
    return out.le32(static_cast<std::uint32_t>(size)).raw(as_bytes(runtime)).raw(Bytes(padding));
}

std::string hcl_runtime(ByteView ak_modulus, const std::string& user_data) {
    const std::string other = base64url_encode(Bytes(ak_modulus.size(), 0xe6));
    return R"({"keys":[{"kid":"HCLAkPub","key_ops":["sign"],"kty":"RSA","e":"AQAB","n":")" +
           base64url_encode(ak_modulus) + R"("},{"kid":"HCLEkPub","key_ops":["encrypt"],"kty":"RSA","e":"AQAB","n":")" +
           other +
           R"("}],"vm-configuration":{"console-enabled":false,"secure-boot":true,"tpm-enabled":true,"vmUniqueId":)" +
           R"("7DF7B373-B947-4AAA-96E5-C358F2A03D20"},"user-data":")" + user_data + "\"}";
}

std::string short_hcl_runtime(ByteView ak_modulus) {
    return R"({"keys":[{"kid":"HCLAkPub","key_ops":["sign"],"kty":"RSA","e":"AQAB","n":")" +
           base64url_encode(ak_modulus) + "\"}]}";
}

}  // namespace ct::test
