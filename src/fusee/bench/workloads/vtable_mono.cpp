/* Virtual calls whose objects are of one class. */
#define KINDS 1
#include "shapes.hpp"
