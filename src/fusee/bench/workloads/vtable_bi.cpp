/* Virtual calls whose objects are of two classes. */
#define KINDS 2
#include "shapes.hpp"
