// SPDX-License-Identifier: Apache-2.0
// The secrets of one session, laid out as the program will see them: the environment, NAME=value NUL one after the other,
// and the values that are fetched by descriptor only. Between two armings they wait sealed, so that while a program runs
// its own page is the only place on the machine that holds them; each arming gives away a fresh page.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/secret_memory.h"
#include "crypto/memory_seal.h"
#include "daemons/secretd/workloads.h"
#include "openbao/client.h"

namespace ct::secretd {

struct PayloadEntry {
    std::string name;
    bool environment = true;   // false: by Fetch only
    std::uint64_t offset = 0;  // of "NAME=value\0" in the environment's page
    std::uint64_t length = 0;  // with name and NUL, or of the bare value
    bool rearm = true;
    std::uint64_t version = 0;  // of the secret in OpenBao; 0 for KV v1
};

class Payload {
public:
    struct Source {
        std::string name;
        ByteView value;
        bool environment;
        bool rearm;
        std::uint64_t version;
    };
    // value_has_nul, value_too_large (an environment string ends at 128 KiB), secret_memory_unavailable.
    // `seal` must outlive it.
    static Result<Payload> lay_out(const std::vector<Source>& sources, Protection protection, crypto::MemorySeal& seal);

    // A page of its own with all environment strings, for one process.
    [[nodiscard]] Result<SecretPage> copy_all() const;
    // A page of its own with the bytes of one value, without name and NUL; name_not_mapped. At least one byte is mapped.
    [[nodiscard]] Result<SecretPage> copy_value(std::string_view name) const;
    [[nodiscard]] const PayloadEntry* find(std::string_view name) const;
    [[nodiscard]] const std::vector<PayloadEntry>& entries() const { return entries_; }
    [[nodiscard]] std::uint64_t environment_size() const {
        return environment_size_;
    }  // bytes of all environment strings

private:
    Protection protection_ = Protection::memfd_secret;
    const crypto::MemorySeal* seal_ = nullptr;
    std::uint64_t environment_size_ = 0;
    Bytes environment_;                    // sealed: all strings
    std::map<std::string, Bytes> values_;  // sealed: what is fetched by descriptor
    std::vector<PayloadEntry> entries_;    // environment first
};

}  // namespace ct::secretd
