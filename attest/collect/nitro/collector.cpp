// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/nitro/collector.h"

#include "attest/evidence/nsm_messages.h"

namespace ct::attest {
namespace {

using nitro::Form;

class NitroCollector final : public Collector {
public:
    NitroCollector(std::unique_ptr<nitro::Nsm> nsm, std::string_view kind) : nsm_(std::move(nsm)), kind_(kind) {}

    [[nodiscard]] std::string_view kind() const override { return kind_; }

    Result<Bytes> introduction() override {
        CT_CHECK(look());
        return nitro::encode(nitro::Introduction{Form::enclave});
    }

    Result<Bytes> collect(ByteView request_bytes, const Sha512& binding) override {
        const auto request = nitro::decode_request(request_bytes);
        if (!request) return fail(Reason::invalid_argument, "the gate's request: " + request.error().context);
        if (request->form != Form::enclave)
            return fail(Reason::invalid_argument, "the gate asks for a document of a NitroTPM, this is an enclave");
        return ask(binding);
    }

    // An enclave has no key of its own that a node could be enrolled with.
    Result<std::map<std::string, std::string>> fingerprints() override {
        CT_CHECK(look());
        return std::map<std::string, std::string>{};
    }

    void release() override {}  // nothing is held

private:
    Result<Bytes> ask(ByteView nonce) {
        CT_TRY(const Bytes answer, nsm_->exchange(nitro::encode_attestation_request(as_bytes(nitro::kPurpose), nonce)));
        CT_TRY(const ByteView document, nitro::parse_attestation_response(answer));
        return nitro::encode(nitro::Evidence{document});
    }

    // Whether there is a module that makes documents. One over no nonce is good for nothing, and not kept.
    Status look() {
        CT_TRY([[maybe_unused]] const Bytes evidence, ask({}));
        return {};
    }

    std::unique_ptr<nitro::Nsm> nsm_;
    std::string kind_;
};

}  // namespace

std::unique_ptr<Collector> make_nitro_collector(std::unique_ptr<nitro::Nsm> nsm, std::string_view kind) {
    return std::make_unique<NitroCollector>(std::move(nsm), kind);
}

}  // namespace ct::attest
