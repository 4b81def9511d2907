// SPDX-License-Identifier: Apache-2.0
// Where the items of the next bundle are collected: a folder with a file of each item's name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/collateral/items.h"
#include "base/clock.h"
#include "base/result.h"

namespace ct::ctl {

class CollateralFolder {
public:
    // Made if it is not there. io_failed, too_large.
    static Result<CollateralFolder> open(const std::string& path);

    [[nodiscard]] const attest::Collateral& items() const { return items_; }
    // Files whose names nobody looks for, "wanted" and hidden ones aside.
    [[nodiscard]] const std::vector<std::string>& strangers() const { return strangers_; }
    // When the item was stored last; nullopt if it never was.
    [[nodiscard]] std::optional<WallTime> stored(const std::string& name) const;
    // The file is whole or the old one.
    Status store(const std::string& name, Bytes content);

private:
    explicit CollateralFolder(std::string path) : path_(std::move(path)) {}
    Status read();
    std::string path_;
    attest::Collateral items_;
    std::vector<std::string> strangers_;
};

}  // namespace ct::ctl
