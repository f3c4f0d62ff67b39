/* Virtual calls on a list of objects of KINDS classes in no predictable order, n rounds over the list. */
#include "workload.h"

namespace {

class Shape {
public:
    explicit Shape(uint32_t size) : size(size) {}
    virtual uint32_t area() const { return size; }
    virtual void grow(uint32_t by) { size += by; }

protected:
    uint32_t size;
};

class Square final : public Shape {
public:
    using Shape::Shape;
    uint32_t area() const override { return size * size; }
    void grow(uint32_t by) override { size = (size + by) & 1023; }
};

class Circle final : public Shape {
public:
    using Shape::Shape;
    uint32_t area() const override { return size * size * 355 / 113; }
    void grow(uint32_t by) override { size = (size * 3 + by) & 511; }
};

class Rectangle final : public Shape {
public:
    explicit Rectangle(uint32_t size) : Shape(size), height(size / 2 + 1) {}
    uint32_t area() const override { return size * height; }
    void grow(uint32_t by) override { size = (size + by) & 255, height ^= by & 7; }

private:
    uint32_t height;
};

class Triangle final : public Shape {
public:
    using Shape::Shape;
    uint32_t area() const override { return size * (size + 1) / 2; }
    void grow(uint32_t by) override { size ^= by & 127; }
};

class Ring final : public Shape {
public:
    explicit Ring(uint32_t size) : Shape(size), hole(size / 3) {}
    uint32_t area() const override { return (size * size - hole * hole) * 355 / 113; }
    void grow(uint32_t by) override { hole = by & 63, size = hole + 9; }

private:
    uint32_t hole;
};

class Line final : public Shape {
public:
    using Shape::Shape;
    uint32_t area() const override { return 0; }
    void grow(uint32_t by) override { size += by >> 2; }
};

constexpr uint32_t COUNT = 256;
constexpr uint32_t LARGEST_OBJECT = 16; // with 64-bit pointers, too

alignas(16) unsigned char storage[COUNT][LARGEST_OBJECT];
Shape *shapes[COUNT];

} // namespace

inline void *operator new(__SIZE_TYPE__, void *place) noexcept { return place; }

namespace {

template <class Kind> Shape *make(void *place, uint32_t size) {
    static_assert(sizeof(Kind) <= LARGEST_OBJECT, "objects fit their places");
    return new (place) Kind(size);
}

Shape *make_kind(uint32_t kind, void *place, uint32_t size) {
    switch (kind) {
#if KINDS > 1
    case 1: return make<Circle>(place, size);
#endif
#if KINDS > 2
    case 2: return make<Rectangle>(place, size);
    case 3: return make<Triangle>(place, size);
#endif
#if KINDS > 4
    case 4: return make<Ring>(place, size);
    case 5: return make<Line>(place, size);
#endif
    default: return make<Square>(place, size);
    }
}

} // namespace

extern "C" WORKLOAD uint32_t run(uint32_t n) {
    uint32_t state = 2463534242u, sum = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t kind = (next_random(&state) >> 8) % KINDS;
        shapes[i] = make_kind(kind, storage[i], next_random(&state) & 63);
    }
    for (uint32_t round = 0; round < n; round++)
        for (uint32_t i = 0; i < COUNT; i++) {
            shapes[i]->grow(round + i);
            sum = sum * 5 + shapes[i]->area();
        }
    return sum;
}
